/** What a model says of images: a trained adapter on its base, a merged export, or the untouched base. */
import { basename, dirname } from 'node:path';
import { decodeImage, type RgbImage } from '../data/decode-image.ts';
import { preprocess } from '../data/preprocess.ts';
import type { Engine } from '../engines/engine.ts';
import { LOGITS } from '../models/base.ts';
import type { Base } from '../models/base.ts';
import type { Tensor } from '../graph/tensor.ts';
import { InputError, messageOf } from '../shared/errors.ts';
import { inputSize, type Preprocessing } from '../shared/preprocessing.ts';
import type { Likelihood } from '../shared/protocol/results.ts';
import { ranked, softmax } from './probabilities.ts';
import { IMAGES, predictionGraph } from './step.ts';

/** Images that are run at once; they are decoded one after another, so more would only wait. */
export const BATCH_SIZE = 8;

/** A model that is ready to run. */
export interface Classifier {
  /** Class names in the order of the logits. */
  readonly labels: readonly string[];
  readonly preprocessing: Preprocessing;
  /** `images` uint8 [n, height, width, 3], decoded and resized, not normalised → n × classes. */
  logits(images: Tensor<'uint8'>): Promise<Float32Array>;
  close(): Promise<void>;
}

export interface Prediction {
  readonly file: string;
  /** The likeliest classes first; all of them where there are few. */
  readonly top: readonly Likelihood[];
}

export interface Unreadable {
  readonly file: string;
  readonly reason: string;
}

/** A base, with whatever was merged into it. Throws InputError for one that does not tell its classes. */
export async function compileClassifier(base: Base, engine: Engine, threads?: number): Promise<Classifier> {
  const { labels, preprocessing } = base;
  if (labels === undefined)
    throw new InputError(`${base.name} does not tell its classes; give an adapter trained on it`);
  const program = await engine.compile(predictionGraph(base.graph, { preprocessing, batch: BATCH_SIZE }), { threads });
  return {
    labels,
    preprocessing,
    logits: async (images) => (await program.run({ [IMAGES]: images }))[LOGITS]!.data as Float32Array,
    close: () => program.release(),
  };
}

/** One result a file, in order; a file that is no image gives its reason instead. */
export async function* predict(
  classifier: Classifier,
  files: readonly string[],
  top = 5,
): AsyncGenerator<Prediction | Unreadable, void, undefined> {
  const prepare = (image: RgbImage): Uint8Array => preprocess(image, classifier.preprocessing);
  for (let start = 0; start < files.length; start += BATCH_SIZE) {
    const prepared = await Promise.all(files.slice(start, start + BATCH_SIZE).map((file) => openImage(file, prepare)));
    const told = await classify(
      classifier,
      prepared.flatMap((found) => ('made' in found ? [found.made] : [])),
      top,
    );
    let row = 0;
    for (const found of prepared) yield 'made' in found ? { file: found.file, top: told[row++]! } : found;
  }
}

/** What `make` makes of a decoded image, which may be hundreds of megabytes and is not kept. */
export async function openImage<T>(
  file: string,
  make: (image: RgbImage) => T,
): Promise<{ readonly file: string; readonly made: Awaited<T> } | Unreadable> {
  try {
    return { file, made: await make(await decodeImage(file)) };
  } catch (error) {
    if (error instanceof InputError) return { file, reason: messageOf(error) };
    throw error;
  }
}

/** The likeliest classes of each image, as `preprocess` prepared it; run at once, so not many. */
export async function classify(
  classifier: Classifier,
  images: readonly Uint8Array[],
  top: number,
): Promise<Likelihood[][]> {
  if (images.length === 0) return [];
  const { labels, preprocessing } = classifier;
  const { height, width } = inputSize(preprocessing);
  const data = new Uint8Array(images.length * height * width * 3);
  for (const [index, image] of images.entries()) data.set(image, index * image.length);
  const rows = await classifier.logits({ dtype: 'uint8', shape: [images.length, height, width, 3], data });
  return images.map((_, row) => {
    const probabilities = softmax(rows.subarray(row * labels.length, (row + 1) * labels.length));
    return ranked(probabilities)
      .slice(0, top)
      .map((label) => ({ label: labels[label]!, probability: probabilities[label]! }));
  });
}

/** The class that an image's folder is named after; undefined where it is named otherwise. */
export function classOfFolder(file: string, labels: readonly string[]): string | undefined {
  const name = basename(dirname(file)).normalize('NFC');
  return labels.includes(name) ? name : undefined;
}
