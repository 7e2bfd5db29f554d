/** From an image file to the pixels of a batch: what a decoding worker does for each sample. */
import type { Augmentation } from '../shared/job.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';
import { inputSize } from '../shared/preprocessing.ts';
import { augment, sampleRandom, vary } from './augment.ts';
import { decodeImageSync } from './decode-image.ts';
import { type DetectionRecipe, prepareDetection } from './detection/prepare-detection.ts';
import { preprocess } from './preprocess.ts';
import { resizedImage, type ResizedImages } from './resized-images.ts';

/** All that decides what a sample's pixels are, but for the file and the view. Passes between threads. */
interface ClassificationRecipe {
  readonly preprocessing: Preprocessing;
  readonly augmentation: Augmentation | null;
  readonly seed: number;
}

export type Recipe = ClassificationRecipe | DetectionRecipe;

/**
 * `[height, width, 3]` of the recipe's input size; for a detector followed by its boxes. `pathOf` tells the file of any sample; `resized`
 * keeps images between epochs, where that serves the recipe. Throws an `InputError` where the image cannot be read.
 */
export function prepareSample(
  pathOf: (sample: number) => string,
  sample: number,
  view: number,
  recipe: Recipe,
  resized?: ResizedImages,
): Uint8Array {
  if ('boxes' in recipe) return prepareDetection(pathOf, sample, sampleRandom(recipe.seed, view, sample), view, recipe);
  const { preprocessing, augmentation, seed } = recipe;
  const decoded = () => decodeImageSync(pathOf(sample));
  if (augmentation === null) return preprocess(decoded(), preprocessing);
  const random = sampleRandom(seed, view, sample);
  if (resized === undefined) return augment(decoded(), preprocessing, augmentation, random);
  const pixels = resizedImage(resized, sample, () => preprocess(decoded(), preprocessing));
  return vary(pixels, inputSize(preprocessing).width, augmentation, random);
}
