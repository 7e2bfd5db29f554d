/**
 * A model that Lowrank exported, run as any runtime would run it: the file itself, quantised or not, with the classes and the
 * preprocessing that it tells.
 */
import { loadOnnx } from '../engines/onnxruntime.ts';
import { OUTPUT } from '../export/detector/decoded.ts';
import { pixelsOf } from '../export/pixels.ts';
import { readOnnxFile } from '../formats/onnx-file.ts';
import { LOGITS, PIXELS } from '../models/base.ts';
import { CLASSES_KEY, PREPROCESSING_KEY, readLabels, readPreprocessing } from '../models/onnx/metadata.ts';
import { openExportedDetector } from './detection/exported.ts';
import type { Detector, Thresholds } from './detection/predict.ts';
import type { Classifier } from './predict.ts';

export interface ExportedOptions extends Thresholds {
  readonly threads: number | undefined;
}

/** Null for a model of others, whose input and output may be anything. Throws InputError for a damaged file. */
export async function openExported(file: string, options: ExportedOptions): Promise<Classifier | Detector | null> {
  const { metadataProps, graph } = readOnnxFile(file);
  const metadata = new Map(metadataProps.map(({ key = '', value = '' }) => [key, value]));
  if (!metadata.has(CLASSES_KEY) || !metadata.has(PREPROCESSING_KEY)) return null;
  const lengthOf = (output: string, axis: number): number => {
    const { type } = graph.output.find(({ name }) => name === output) ?? {};
    return Number(type?.tensorType?.shape?.dim.at(axis)?.dimValue ?? 0);
  };
  if (metadata.get('task') === 'detect')
    return await openExportedDetector(file, { metadata, rows: lengthOf(OUTPUT, 1) }, options);
  const classes = lengthOf(LOGITS, -1);
  const labels = readLabels(metadata, classes, file);
  if (labels === undefined) return null;
  const preprocessing = readPreprocessing(metadata, { height: undefined, width: undefined }, file);
  const program = await loadOnnx(file, { threads: options.threads });
  return {
    labels,
    preprocessing,
    logits: async (images) => {
      const pixels = pixelsOf(images, preprocessing, 0, images.shape[0]!);
      return (await program.run({ [PIXELS]: pixels }))[LOGITS]!.data as Float32Array;
    },
    close: () => program.release(),
  };
}
