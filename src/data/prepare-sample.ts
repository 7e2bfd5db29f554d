/** From an image file to the pixels of a batch: what a decoding worker does for each sample. */
import type { Augmentation } from '../shared/job.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';
import { augment, sampleRandom } from './augment.ts';
import { decodeImageSync } from './decode-image.ts';
import { preprocess } from './preprocess.ts';

/** All that decides what a sample's pixels are, but for the file and the view. Passes between threads. */
export interface Recipe {
  readonly preprocessing: Preprocessing;
  readonly augmentation: Augmentation | null;
  readonly seed: number;
}

/** `[height, width, 3]` of the recipe's input size. Throws an `InputError` where the image cannot be read. */
export function prepareSample(path: string, sample: number, view: number, recipe: Recipe): Uint8Array {
  const { preprocessing, augmentation, seed } = recipe;
  const image = decodeImageSync(path);
  if (augmentation === null) return preprocess(image, preprocessing);
  return augment(image, preprocessing, augmentation, sampleRandom(seed, view, sample));
}
