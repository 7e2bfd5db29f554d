/**
 * dW as a convolution with kernels as large as images: its sum over the taps of a kernel is the one over pixels, its channels are the images. The other
 * side has its own channels inside its rows, [1, N, H, W·C], where a step to the right is C elements, so that runs of them are copied; an engine
 * that unrolls a convolution in its caches, block by block, then writes nothing of it to memory. Undefined where there is no such convolution.
 */
import { conv, reshape, slice, transpose } from './build.ts';
import { flip } from './dilate.ts';
import type { Value } from './ir.ts';
import type { Dim } from './shape.ts';
import { sizeOf } from './tensor.ts';
import type { WeightGradientOptions } from './weight-gradient.ts';
import { channelsOf, reachedAfter, turnedPads, windowAxes } from './window.ts';

/** Of y = conv(x, W), in W's shape. */
export function slidWeightGradient(x: Value, dy: Value, options: WeightGradientOptions): Value | undefined {
  const { kernel, groups } = options;
  const axes = windowAxes(x.shape, options);
  if (groups > 1 || sizeOf(kernel) === 1 || axes.some(({ dilation }) => dilation > 1)) return undefined;
  const pads = turnedPads(axes);
  // The wider side is the kernels: its channels fill the rows of a matrix product, and the narrower one's are what is copied for each tap.
  if (pads !== undefined && channelsOf(dy) < channelsOf(x)) {
    // Backwards from the last tap to the first.
    const taps = slid(dy, x, pads, [1, 1]);
    return transpose(flip(flip(taps, 1), 2), [3, 0, 1, 2]);
  }
  const [rows, columns] = axes;
  const taps = slid(
    x,
    dy,
    [rows.before, columns.before, reachedAfter(rows), reachedAfter(columns)],
    [rows.stride, columns.stride],
  );
  // What no window saw of x gives more rows and columns than there are taps.
  const seen = slice(slice(taps, 1, 0, kernel[0]), 2, 0, kernel[1]);
  return transpose(seen, [0, 3, 1, 2]);
}

/** image [N, C, H, W], kernels [N, K, H′, W′] with `steps` between their taps → [K, rows, columns, C], a sum over images and taps for each place. */
function slid(
  image: Value,
  kernels: Value,
  [top, left, bottom, right]: readonly number[],
  [down, across]: readonly [number, number],
): Value {
  const [batch, channels, height, width] = image.shape as readonly [Dim, number, number, number];
  const inside = reshape(transpose(image, [0, 2, 3, 1]), [1, batch, height, width * channels]);
  const sums = conv(inside, transpose(kernels, [1, 0, 2, 3]), undefined, {
    strides: [1, 1],
    pads: [top!, left! * channels, bottom!, right! * channels],
    dilations: [down, across * channels],
    groups: 1,
  });
  const [, count, rows, columns] = sums.shape as readonly [1, number, number, number];
  return reshape(sums, [count, rows, columns / channels, channels]);
}
