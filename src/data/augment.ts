/**
 * Random variations of a training image: random resized crop, horizontal flip, colour jitter, by the rules of torchvision's
 * transforms. All randomness comes from `random`, so the same generator gives the same image anywhere.
 */
import type { Augmentation } from '../shared/job.ts';
import { inputSize, type Preprocessing } from '../shared/preprocessing.ts';
import { Random } from '../shared/random.ts';
import type { RgbImage } from './decode-image.ts';
import { jitter } from './jitter.ts';
import { preprocess } from './preprocess.ts';
import type { Rectangle, Size } from './rectangle.ts';
import { resample } from './resample.ts';

/** Torchvision gives up after as many attempts to place a crop and takes the centre. */
const CROP_ATTEMPTS = 10;

/**
 * The generator for one view of one sample: it depends on these three alone, so neither the order of the samples nor the
 * number of workers changes what is drawn. A view is an epoch, or one of `augmentation.views`.
 */
export function sampleRandom(seed: number, view: number, sample: number): Random {
  return new Random(seed).fork('augment').fork(view).fork(sample);
}

/** Like `preprocess`, varied: `[height, width, 3]` of `inputSize(preprocessing)`. */
export function augment(
  image: RgbImage,
  preprocessing: Preprocessing,
  augmentation: Augmentation,
  random: Random,
): Uint8Array {
  const { crop } = augmentation;
  const input = inputSize(preprocessing);
  if (crop === null) return vary(preprocess(image, preprocessing), input.width, augmentation, random);
  const box = drawCrop(image, crop, random.fork('crop'));
  const pixels = resample(image, box, input, { x: 0, y: 0, ...input }, preprocessing.interpolation);
  return vary(pixels, input.width, augmentation, random);
}

/** What of `augment` comes after the resize, in place: the flip and the colours. */
export function vary(
  pixels: Uint8Array,
  width: number,
  { flip, jitter: colours }: Augmentation,
  random: Random,
): Uint8Array {
  if (random.fork('flip').uniform() < flip) mirror(pixels, width);
  if (colours !== null) jitter(pixels, colours, random.fork('jitter'));
  return pixels;
}

/** Whether `augment` would do nothing but `preprocess`. */
export function isIdentity({ flip, crop, jitter: colours }: Augmentation): boolean {
  return flip === 0 && crop === null && colours === null;
}

/** A random part of the image: its area a share drawn from `scale`, its aspect ratio drawn evenly in the logarithm from `ratio`. */
export function drawCrop(
  { width, height }: Size,
  { scale, ratio }: NonNullable<Augmentation['crop']>,
  random: Random,
): Rectangle {
  const [low, high] = ratio;
  for (let attempt = 0; attempt < CROP_ATTEMPTS; attempt++) {
    const area = width * height * random.uniform(...scale);
    const aspect = Math.exp(random.uniform(Math.log(low), Math.log(high)));
    const part = { width: Math.round(Math.sqrt(area * aspect)), height: Math.round(Math.sqrt(area / aspect)) };
    if (part.width > 0 && part.height > 0 && part.width <= width && part.height <= height) {
      return { ...part, x: random.int(width - part.width + 1), y: random.int(height - part.height + 1) };
    }
  }
  // The largest part in the centre whose aspect ratio is allowed.
  const aspect = Math.min(Math.max(width / height, low), high);
  const part = {
    width: Math.max(Math.min(width, Math.round(height * aspect)), 1),
    height: Math.max(Math.min(height, Math.round(width / aspect)), 1),
  };
  return { ...part, x: Math.floor((width - part.width) / 2), y: Math.floor((height - part.height) / 2) };
}

function mirror(pixels: Uint8Array, width: number): void {
  for (let line = 0; line < pixels.length; line += 3 * width) {
    for (let left = line, right = line + 3 * (width - 1); left < right; left += 3, right -= 3) {
      for (let channel = 0; channel < 3; channel++) {
        const kept = pixels[left + channel]!;
        pixels[left + channel] = pixels[right + channel]!;
        pixels[right + channel] = kept;
      }
    }
  }
}
