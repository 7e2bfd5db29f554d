/** Colour jitter by the formulas of torchvision's `adjust_brightness`, `adjust_contrast` and `adjust_saturation` on 8-bit pixels. */
import type { Augmentation } from '../shared/job.ts';
import type { Random } from '../shared/random.ts';

type Jitter = NonNullable<Augmentation['jitter']>;

/** Applies the three in random order, in place, each with a factor from 1 ± its value. */
export function jitter(pixels: Uint8Array, ranges: Jitter, random: Random): void {
  for (const property of random.shuffle(['brightness', 'contrast', 'saturation'] as const)) {
    const range = ranges[property];
    if (range > 0) ADJUST[property](pixels, random.uniform(1 - range, 1 + range));
  }
}

/** Each blends the pixels, in place, with black, with their mean grey, or with their own grey: 0 leaves only that, 1 changes nothing. */
export const ADJUST: Readonly<Record<keyof Jitter, (pixels: Uint8Array, factor: number) => void>> = {
  brightness: (pixels, factor) => {
    blendWith(pixels, 0, factor);
  },
  contrast: (pixels, factor) => {
    let sum = 0;
    for (let i = 0; i < pixels.length; i += 3) sum += grey(pixels, i);
    blendWith(pixels, sum / (pixels.length / 3), factor);
  },
  saturation: (pixels, factor) => {
    for (let i = 0; i < pixels.length; i += 3) {
      const own = (1 - factor) * grey(pixels, i);
      for (let channel = i; channel < i + 3; channel++) pixels[channel] = truncated(factor * pixels[channel]! + own);
    }
  },
};

function blendWith(pixels: Uint8Array, level: number, factor: number): void {
  const table = Uint8Array.from({ length: 256 }, (_, value) => truncated(factor * value + (1 - factor) * level));
  for (let i = 0; i < pixels.length; i++) pixels[i] = table[pixels[i]!]!;
}

/** ITU-R 601 luma, truncated to an integer as torchvision does. */
function grey(pixels: Uint8Array, i: number): number {
  return Math.trunc(0.2989 * pixels[i]! + 0.587 * pixels[i + 1]! + 0.114 * pixels[i + 2]!);
}

function truncated(value: number): number {
  return Math.trunc(Math.min(Math.max(value, 0), 255));
}
