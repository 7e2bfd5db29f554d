/**
 * The gradients of a convolution, written with forward ops: engines for inference have no others. Which form is chosen was measured on ONNX
 * Runtime (docs/performance.md). Those of the gradient by the weight are weight-gradient.ts and slid-gradient.ts.
 */
import { conv, convTranspose, reshape, transpose } from './build.ts';
import type { ConvOptions } from './build.ts';
import { flip } from './dilate.ts';
import { constantOf } from './ir.ts';
import type { Value } from './ir.ts';
import { known } from './shape.ts';
import { channelsOf, kernelOf, turnedPads, windowAxes } from './window.ts';
import type { Axis } from './window.ts';

/** A kernel of one pixel: a product over the channels. */
export const POINTWISE: ConvOptions = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], groups: 1 };

function axesOf(x: Value, weight: Value, options: ConvOptions): readonly [Axis, Axis] {
  return windowAxes(x.shape, { ...options, kernel: kernelOf(weight.shape) });
}

/**
 * dx of y = conv(x, W); `x` gives the shape alone. Without a stride it is the convolution of dy with W turned, which of a frozen W is
 * a constant too, in the engine's own layout. Otherwise it is ConvTranspose, unless dy is the narrower side: a convolution unrolls the
 * channels it reads, its transpose those it writes; or the caller knows that it `turns`.
 */
export function convInputGradient(dy: Value, weight: Value, x: Value, options: ConvOptions, turns = false): Value {
  const axes = axesOf(x, weight, options);
  const pads = turnedPads(axes);
  const isCheap = constantOf(weight) !== undefined || isPointwise(axes) || channelsOf(dy) < channelsOf(x);
  if (pads !== undefined && (turns || isCheap)) {
    return conv(dy, turned(weight, options.groups), undefined, { ...options, pads });
  }
  return convTranspose(dy, weight, { ...options, outputPadding: axes.map(unseen) });
}

/** Rows or columns at the end that no output sees. */
function unseen({ input, output, kernel, stride, dilation, before, after }: Axis): number {
  return input + before + after - ((output - 1) * stride + dilation * (kernel - 1) + 1);
}

/** dW of y = conv(x, W), in the shape of `weight`. */
export function convWeightGradient(x: Value, dy: Value, weight: Value, options: ConvOptions): Value {
  const { strides, pads, dilations, groups } = options;
  const attributes = { kernel: kernelOf(weight.shape), strides, pads, dilations, groups, slides: false };
  return x.graph.apply('ConvWeightGradient', [x, dy], attributes)[0]!;
}

/**
 * conv(x, W) without a bias where W is trained and has few outputs, as an adapter's A: without a stride as the transpose of the convolution with
 * W turned, which unrolls the outputs instead of x.
 */
export function narrowConv(x: Value, weight: Value, options: ConvOptions): Value {
  const axes = axesOf(x, weight, options);
  const pads = turnedPads(axes);
  const isNarrow = known(weight.shape[0], 'the channels') < channelsOf(x);
  if (pads === undefined || isPointwise(axes) || !isNarrow) return conv(x, weight, undefined, options);
  return convTranspose(x, turned(weight, options.groups), { ...options, pads, outputPadding: [0, 0] });
}

/** Nothing to unroll. */
const isPointwise = (axes: readonly Axis[]): boolean => axes.every(({ kernel }) => kernel === 1);

/** (out, in/g, kh, kw) → (in, out/g, kh, kw), both spatial axes reversed. */
function turned(weight: Value, groups: number): Value {
  const [out, inputs, kh, kw] = weight.shape as readonly [number, number, number, number];
  const grouped = reshape(weight, [groups, out / groups, inputs, kh, kw]);
  const swapped = reshape(transpose(grouped, [0, 2, 1, 3, 4]), [groups * inputs, out / groups, kh, kw]);
  const rows = kh === 1 ? swapped : flip(swapped, 2);
  return kw === 1 ? rows : flip(rows, 3);
}
