/** What a detector finds in images: a trained adapter on its base, or a base as published. */
import type { RgbImage } from '../../data/decode-image.ts';
import { letterbox } from '../../data/detection/letterbox.ts';
import type { Size } from '../../data/resample.ts';
import type { Engine } from '../../engines/engine.ts';
import type { Tensor } from '../../graph/tensor.ts';
import type { Base, Detection } from '../../models/base.ts';
import { InputError } from '../../shared/errors.ts';
import { inputSize } from '../../shared/preprocessing.ts';
import type { ShownDetections } from '../../shared/run/samples.ts';
import { openImage } from '../predict.ts';
import type { Unreadable } from '../predict.ts';
import { IMAGES } from '../step.ts';
import { anchorsOf } from '../../models/anchors.ts';
import { decodeDetections } from './candidates.ts';
import type { DecodeOptions } from './candidates.ts';
import type { Detections } from './detections.ts';
import { shownDetections } from './evaluate.ts';
import { headOf } from './losses.ts';
import { rawOutputsGraph } from './step.ts';

/** A photograph of 640 pixels takes some 100 MB of activations. */
const BATCH_SIZE = 4;
/** Of Ultralytics' prediction. */
const SHOWN: DecodeOptions = { confidence: 0.25, overlap: 0.7 };

/** A model that is ready to run. */
export interface Detector {
  readonly labels: readonly string[];
  /** Of the square pictures, in pixels. */
  readonly side: number;
  /** `pictures` uint8 [n, side, side, 3]; boxes in their pixels. */
  detect(pictures: Tensor<'uint8'>): Promise<Detections[]>;
  close(): Promise<void>;
}

export interface DetectionPrediction {
  readonly file: string;
  /** Of the upright image, in pixels. */
  readonly size: Size;
  /** The surest first. */
  readonly found: ShownDetections['found'];
}

/** A base, with whatever was merged into it. Throws an `InputError` for one that does not tell its classes, or takes no square images. */
export async function compileDetector(
  base: Base & { readonly detection: Detection },
  { engine, threads }: { readonly engine: Engine; readonly threads: number | undefined },
): Promise<Detector> {
  const { labels, preprocessing, detection } = base;
  if (labels === undefined)
    throw new InputError(`${base.name} does not tell its classes; give an adapter trained on it`);
  const branch = detection.branches.at(-1)!;
  const options = { ...SHOWN, overlap: branch.name === 'one2one' ? null : SHOWN.overlap };
  const size = inputSize(preprocessing);
  // Of the task's images, which may have another size than those of the base.
  const network = detection.atSize(size);
  const graph = rawOutputsGraph(network, [branch.boxes, branch.scores], { preprocessing, batch: BATCH_SIZE });
  const program = await engine.compile(graph, { threads });
  const shape = { anchors: anchorsOf(size, detection.strides), classes: labels.length, regMax: detection.regMax };
  return {
    labels,
    side: size.width,
    detect: async (pictures) => {
      const outputs = headOf(await program.run({ [IMAGES]: pictures }), branch);
      return Array.from({ length: pictures.shape[0]! }, (_, image) => decodeDetections(outputs, image, shape, options));
    },
    close: () => program.release(),
  };
}

/** One result a file, in order; a file that is no image gives its reason instead. */
export async function* predictBoxes(
  detector: Detector,
  files: readonly string[],
): AsyncGenerator<DetectionPrediction | Unreadable, void, undefined> {
  const { side, labels } = detector;
  const prepare = (image: RgbImage): { size: Size; picture: Uint8Array } => ({
    size: { width: image.width, height: image.height },
    picture: letterbox(image, side),
  });
  for (let start = 0; start < files.length; start += BATCH_SIZE) {
    const opened = await Promise.all(files.slice(start, start + BATCH_SIZE).map((file) => openImage(file, prepare)));
    const made = opened.flatMap((found) => ('made' in found ? [found.made.picture] : []));
    const data = new Uint8Array(made.length * side * side * 3);
    for (const [index, picture] of made.entries()) data.set(picture, index * picture.length);
    const shape = [made.length, side, side, 3];
    const told = made.length === 0 ? [] : await detector.detect({ dtype: 'uint8', shape, data });
    let row = 0;
    for (const found of opened) {
      if ('reason' in found) {
        yield found;
        continue;
      }
      const { size } = found.made;
      yield { file: found.file, size, found: shownDetections(told[row++]!, labels, size, side) };
    }
  }
}
