/** What a detector finds in images: a trained adapter on its base, or a base as published. */
import type { RgbImage } from '../../data/decode-image.ts';
import { letterbox } from '../../data/detection/letterbox.ts';
import type { Size } from '../../data/rectangle.ts';
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
import { type Detections, MAX_DETECTIONS } from './detections.ts';
import { shownDetections } from './evaluate.ts';
import { headOf } from './losses.ts';
import { rawOutputsGraph } from './step.ts';

/** A photograph of 640 pixels takes some 100 MB of activations. */
export const BATCH_SIZE = 4;
/** Of Ultralytics' prediction. */
const SHOWN = { confidence: 0.25, overlap: 0.7, oneClass: true } as const;

/** What is told of what is found; Ultralytics' of a prediction where it is not said. */
export interface Thresholds {
  /** Detections must have more, 0…1. */
  readonly confidence?: number | undefined;
  /** Of two boxes of a class whose IoU is more, the surer stays, 0…1. */
  readonly overlap?: number | undefined;
}

/** A one-to-one head answers once for each object: its boxes are told however they overlap. */
export function shownOptions(
  { confidence = SHOWN.confidence, overlap = SHOWN.overlap }: Thresholds,
  branch: string | undefined,
): DecodeOptions & { readonly confidence: number } {
  return { ...SHOWN, confidence, overlap: branch === 'one2one' ? null : overlap };
}

/** A model that is ready to run. */
export interface Detector {
  readonly labels: readonly string[];
  /** Of the square pictures, in pixels. */
  readonly side: number;
  /** What is found is surer than this, 0…1. */
  readonly confidence: number;
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

export interface DetectorOptions extends Thresholds {
  readonly engine: Engine;
  readonly threads: number | undefined;
}

/** A base, with whatever was merged into it. Throws an `InputError` for one that does not tell its classes, or takes no square images. */
export async function compileDetector(
  base: Base & { readonly detection: Detection },
  { engine, threads, confidence, overlap }: DetectorOptions,
): Promise<Detector> {
  const { labels, preprocessing, detection } = base;
  if (labels === undefined)
    throw new InputError(`${base.name} does not tell its classes; give an adapter trained on it`);
  const branch = detection.branches.at(-1)!;
  const options = shownOptions({ confidence, overlap }, branch.name);
  const size = inputSize(preprocessing);
  // Of the task's images, which may have another size than those of the base.
  const network = detection.atSize(size);
  const graph = rawOutputsGraph(network, [branch.boxes, branch.scores], { preprocessing, batch: BATCH_SIZE });
  const program = await engine.compile(graph, { threads });
  const shape = { anchors: anchorsOf(size, detection.strides), classes: labels.length, regMax: detection.regMax };
  return {
    labels,
    side: size.width,
    confidence: options.confidence,
    detect: async (pictures) => {
      const outputs = headOf(await program.run({ [IMAGES]: pictures }), branch);
      return Array.from({ length: pictures.shape[0]! }, (_, image) => decodeDetections(outputs, image, shape, options));
    },
    close: () => program.release(),
  };
}

/** An image as a detector takes it. */
export interface Letterboxed {
  /** Of the upright image, in pixels. */
  readonly size: Size;
  /** `[side, side, 3]`. */
  readonly picture: Uint8Array;
}

export function letterboxed(image: RgbImage, { side }: Pick<Detector, 'side'>): Letterboxed {
  return { size: { width: image.width, height: image.height }, picture: letterbox(image, side) };
}

/** The boxes in each image, in parts of it, the surest first; run at once, so not many. */
export async function findBoxes(
  detector: Detector,
  images: readonly Letterboxed[],
): Promise<ShownDetections['found'][]> {
  if (images.length === 0) return [];
  const { side, labels, confidence } = detector;
  const data = new Uint8Array(images.length * side * side * 3);
  for (const [index, { picture }] of images.entries()) data.set(picture, index * picture.length);
  const told = await detector.detect({ dtype: 'uint8', shape: [images.length, side, side, 3], data });
  const common = { classes: labels, side, confidence, limit: MAX_DETECTIONS };
  return images.map(({ size }, index) => shownDetections(told[index]!, { ...common, size }));
}

/** One result a file, in order; a file that is no image gives its reason instead. */
export async function* predictBoxes(
  detector: Detector,
  files: readonly string[],
): AsyncGenerator<DetectionPrediction | Unreadable, void, undefined> {
  const prepare = (image: RgbImage): Letterboxed => letterboxed(image, detector);
  for (let start = 0; start < files.length; start += BATCH_SIZE) {
    const opened = await Promise.all(files.slice(start, start + BATCH_SIZE).map((file) => openImage(file, prepare)));
    const found = await findBoxes(
      detector,
      opened.flatMap((image) => ('made' in image ? [image.made] : [])),
    );
    let row = 0;
    for (const image of opened)
      yield 'reason' in image ? image : { file: image.file, size: image.made.size, found: found[row++]! };
  }
}
