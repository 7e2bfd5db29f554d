/** What a model says of images: a trained adapter on its base, a merged export, or the untouched base. */
import { decodeImage } from '../data/decode-image.ts';
import { preprocess } from '../data/preprocess.ts';
import type { Engine } from '../engines/engine.ts';
import { LOGITS } from '../models/base.ts';
import type { Base } from '../models/base.ts';
import type { Tensor } from '../graph/tensor.ts';
import { InputError, messageOf } from '../shared/errors.ts';
import { inputSize } from '../shared/preprocessing.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';
import { ranked, softmax } from './probabilities.ts';
import { IMAGES, predictionGraph } from './step.ts';

/** Images that are run at once; they are decoded one after another, so more would only wait. */
const BATCH_SIZE = 8;

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
  readonly top: readonly { readonly label: string; readonly probability: number }[];
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
  const { labels, preprocessing } = classifier;
  for (let start = 0; start < files.length; start += BATCH_SIZE) {
    const prepared = await Promise.all(
      files.slice(start, start + BATCH_SIZE).map((file) => prepare(file, preprocessing)),
    );
    const images = prepared.flatMap(({ image }) => image ?? []);
    const logits = images.length === 0 ? new Float32Array() : await classifier.logits(batchOf(images, preprocessing));
    let row = 0;
    for (const { file, image, reason } of prepared) {
      if (image === null) {
        yield { file, reason };
        continue;
      }
      const probabilities = softmax(logits.subarray(row * labels.length, (row + 1) * labels.length));
      row += 1;
      const likeliest = ranked(probabilities).slice(0, top);
      yield { file, top: likeliest.map((label) => ({ label: labels[label]!, probability: probabilities[label]! })) };
    }
  }
}

/** `reason` says why there is no image; empty where there is one. */
async function prepare(
  file: string,
  preprocessing: Preprocessing,
): Promise<{ file: string; image: Uint8Array | null; reason: string }> {
  try {
    return { file, image: preprocess(await decodeImage(file), preprocessing), reason: '' };
  } catch (error) {
    if (error instanceof InputError) return { file, image: null, reason: messageOf(error) };
    throw error;
  }
}

function batchOf(images: readonly Uint8Array[], preprocessing: Preprocessing): Tensor<'uint8'> {
  const { height, width } = inputSize(preprocessing);
  const data = new Uint8Array(images.length * height * width * 3);
  for (const [index, image] of images.entries()) data.set(image, index * image.length);
  return { dtype: 'uint8', shape: [images.length, height, width, 3], data };
}
