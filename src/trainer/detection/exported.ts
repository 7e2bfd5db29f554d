/** A detector that Lowrank merged, run as any runtime would run it: the file itself, quantised or not, one image at a time. */
import { loadOnnx } from '../../engines/onnxruntime.ts';
import { INPUT, OUTPUT } from '../../export/detector/decoded.ts';
import { pixelsOf } from '../../export/pixels.ts';
import { BRANCH_KEY, readLabels, readPreprocessing } from '../../models/onnx/metadata.ts';
import type { Metadata } from '../../models/onnx/metadata.ts';
import { inputSize } from '../../shared/preprocessing.ts';
import { decodedDetections } from './candidates.ts';
import type { Detections } from './detections.ts';
import { shownOptions } from './predict.ts';
import type { Detector, Thresholds } from './predict.ts';

const SIDES = 4;

/** `rows` are those of the output: four of boxes, then one a class. Throws an `InputError` for metadata that contradict the model. */
export async function openExportedDetector(
  file: string,
  { metadata, rows }: { readonly metadata: Metadata; readonly rows: number },
  { threads, ...thresholds }: Thresholds & { readonly threads: number | undefined },
): Promise<Detector | null> {
  const labels = readLabels(metadata, rows - SIDES, file);
  if (labels === undefined) return null;
  const preprocessing = readPreprocessing(metadata, { height: undefined, width: undefined }, file);
  const options = shownOptions(thresholds, metadata.get(BRANCH_KEY));
  const program = await loadOnnx(file, { threads });
  return {
    labels,
    side: inputSize(preprocessing).width,
    confidence: options.confidence,
    detect: async (pictures) => {
      const found: Detections[] = [];
      for (let image = 0; image < pictures.shape[0]!; image++) {
        const pixels = pixelsOf(pictures, preprocessing, image, image + 1);
        const { [OUTPUT]: answers } = await program.run({ [INPUT]: pixels });
        found.push(decodedDetections(answers!.data as Float32Array, answers!.shape[2]!, options));
      }
      return found;
    },
    close: () => program.release(),
  };
}
