/**
 * The gradients of a convolution, written with forward ops: engines for inference have no others. Each sum can be unrolled on either side;
 * which form is chosen was measured on ONNX Runtime (docs/performance.md).
 */
import { concat, conv, convTranspose, gemm, matmul, pad, reduceSum, reshape, slice, transpose } from './build.ts';
import type { ConvOptions } from './build.ts';
import { dilate, flip } from './dilate.ts';
import { constantOf } from './ir.ts';
import type { Value } from './ir.ts';
import { elements, known } from './shape.ts';
import type { Dim } from './shape.ts';
import { gradientMargins, windowAxes } from './window.ts';
import type { Axis } from './window.ts';

/** A kernel of one pixel: a product over the channels. */
export const POINTWISE: ConvOptions = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], groups: 1 };

function axesOf(x: Value, weight: Value, options: ConvOptions): readonly [Axis, Axis] {
  return windowAxes(x.shape, { ...options, kernel: weight.shape.slice(2).map((dim) => known(dim, 'the kernel size')) });
}

const channelsOf = ({ shape }: Value): number => known(shape[1], 'the channels');

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

/** Padding under which a convolution with W turned leads from y's size back to x's; undefined where none does. */
function turnedPads(axes: readonly [Axis, Axis]): readonly number[] | undefined {
  const pads = gradientMargins(axes);
  return axes.every(({ stride }) => stride === 1) && pads.every((amount) => amount >= 0) ? pads : undefined;
}

/** (out, in/g, kh, kw) → (in, out/g, kh, kw), both spatial axes reversed. */
function turned(weight: Value, groups: number): Value {
  const [out, inputs, kh, kw] = weight.shape as readonly [number, number, number, number];
  const grouped = reshape(weight, [groups, out / groups, inputs, kh, kw]);
  const swapped = reshape(transpose(grouped, [0, 2, 1, 3, 4]), [groups * inputs, out / groups, kh, kw]);
  const rows = kh === 1 ? swapped : flip(swapped, 2);
  return kw === 1 ? rows : flip(rows, 3);
}

/** Floating-point operations of a matrix product in the time that unrolling takes for one element: it copies about twice, on one core. */
const UNROLL_FLOPS = 100;

/**
 * dW of y = conv(x, W), in W's shape (out, in/g, kh, kw): for each tap of the kernel the product of dy with what the tap saw of x. All taps
 * are one matrix product, for which one side is unrolled, copied once a tap: x, or dy spread over x's pixels, whichever costs less.
 */
export function convWeightGradient(x: Value, dy: Value, weight: Value, options: ConvOptions): Value {
  const { groups } = options;
  const axes = axesOf(x, weight, options);
  const [out, inputs, kh, kw] = weight.shape as readonly [number, number, number, number];
  const outputs = out / groups;
  const taps = kh * kw;
  const [seen, pixels] = axes.reduce(([y, x], { output, input }) => [y * output, x * input], [1, 1]);
  const unrollX = channelsOf(x) * seen * (UNROLL_FLOPS + 2 * outputs);
  const unrollDy = channelsOf(dy) * pixels * (UNROLL_FLOPS + 2 * inputs);
  if (unrollX <= unrollDy) {
    const sum = products(grouped(dy, groups), unrolled(whatTapsSee(x, axes), groups));
    return reshape(transpose(reshape(sum, [groups, outputs, taps, inputs]), [0, 1, 3, 2]), weight.shape);
  }
  const sum = products(unrolled(whereTapsLead(dy, axes), groups), grouped(x, groups));
  return reshape(transpose(reshape(sum, [groups, taps, outputs, inputs]), [0, 2, 3, 1]), weight.shape);
}

/** For each tap, the pixels of x that it saw, [N, C, rows of y, columns of y]; zeros where it saw padding. */
function whatTapsSee(x: Value, axes: readonly [Axis, Axis]): Value[] {
  const framed = axes.reduce((value, axis, index) => {
    const { input, output, kernel, stride, dilation, before } = axis;
    const after = (output - 1) * stride + dilation * (kernel - 1) + 1 - before - input;
    return frame(value, index + 2, before, Math.max(0, after));
  }, x);
  return everyTap(axes, ([i, j]) =>
    axes.reduce((value, { stride, dilation, output }, index) => {
      // Every stride-th pixel first: taps a stride apart share it, and the rest is contiguous.
      const offset = (index === 0 ? i : j) * dilation;
      const start = Math.floor(offset / stride);
      const length = known(value.shape[index + 2], 'the image size');
      const phase = stride === 1 ? value : slice(value, index + 2, offset % stride, length, stride);
      return cut(phase, index + 2, start, start + output);
    }, framed),
  );
}

/** For each tap, the dy it led to from each pixel of x, [N, C, rows of x, columns of x]; zeros where there is none. */
function whereTapsLead(dy: Value, axes: readonly [Axis, Axis]): Value[] {
  const [top, left, bottom, right] = gradientMargins(axes);
  const margins = [
    [top, bottom],
    [left, right],
  ] as const;
  const framed = axes.reduce(
    (value, { stride }, index) => frame(dilate(value, index + 2, stride), index + 2, ...margins[index]!),
    dy,
  );
  return everyTap(axes, ([i, j]) =>
    axes.reduce((value, { input, kernel, dilation }, index) => {
      const start = dilation * (kernel - 1 - (index === 0 ? i : j));
      return cut(value, index + 2, start, start + input);
    }, framed),
  );
}

function everyTap<T>([rows, columns]: readonly [Axis, Axis], map: (tap: readonly [number, number]) => T): T[] {
  return Array.from({ length: rows.kernel * columns.kernel }, (_, tap) =>
    map([Math.floor(tap / columns.kernel), tap % columns.kernel]),
  );
}

/** Zeros before and after along one axis; a negative amount cuts off. */
function frame(x: Value, axis: number, before: number, after: number): Value {
  const length = known(x.shape[axis], 'the image size');
  const kept = cut(x, axis, Math.max(0, -before), length - Math.max(0, -after));
  const around = (amount: number): number[] => x.shape.map((_, index) => (index === axis ? Math.max(0, amount) : 0));
  return pad(kept, around(before), around(after));
}

function cut(x: Value, axis: number, start: number, end: number): Value {
  return start === 0 && end === x.shape[axis] ? x : slice(x, axis, start, end);
}

/** [N, C, H, W] → [N, groups, C/groups, H·W]. */
function grouped(x: Value, groups: number): Value {
  const [batch, , height, width] = x.shape as readonly [Dim, Dim, Dim, Dim];
  return reshape(x, [batch, groups, channelsOf(x) / groups, elements([height, width])]);
}

/** One piece a tap → [N, groups, taps·C/groups, H·W]. */
function unrolled(pieces: readonly Value[], groups: number): Value {
  return concat(
    pieces.map((piece) => grouped(piece, groups)),
    2,
  );
}

/** Σ over the images n of Aₙ·Bₙᵀ: a [N, g, rows, pixels], b [N, g, columns, pixels] → [g, rows, columns]. */
function products(a: Value, b: Value): Value {
  const [rows, columns, pixels] = [a.shape[2], b.shape[2], a.shape[3]] as readonly [number, number, number];
  // Late layers have large products of few pixels: moving the images into the inner dimension writes less than a product an image.
  if (a.shape[1] === 1 && rows * columns > (rows + columns) * pixels) {
    const flat = (value: Value): Value => {
      const [batch, , channels] = value.shape as readonly [Dim, 1, number, number];
      const imagesInside = transpose(reshape(value, [batch, channels, pixels]), [1, 0, 2]);
      return reshape(imagesInside, [channels, elements([batch, pixels])]);
    };
    return reshape(gemm(flat(a), flat(b), undefined, { transB: true }), [1, rows, columns]);
  }
  // The wider side goes left: ONNX Runtime packs the right one.
  const sum = (left: Value, right: Value): Value => reduceSum(matmul(left, right, { transB: true }), { axes: [0] });
  return rows >= columns ? sum(a, b) : transpose(sum(b, a), [0, 2, 1]);
}
