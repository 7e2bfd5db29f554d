/**
 * The gradient of a convolution by its weight, for each tap of the kernel the product of dy with what the tap saw of x; as one matrix product, for
 * which one side is unrolled, copied once a tap: x, or dy spread over x's pixels, whichever costs less. slid-gradient.ts is the other form.
 */
import { concat, gemm, matmul, pad, reduceSum, reshape, slice, transpose } from './build.ts';
import type { ConvOptions } from './build.ts';
import { dilate } from './dilate.ts';
import type { Value } from './ir.ts';
import { elements, known } from './shape.ts';
import type { Dim } from './shape.ts';
import { sizeOf } from './tensor.ts';
import { channelsOf, gradientMargins, reachedAfter, windowAxes } from './window.ts';
import type { Axis } from './window.ts';

export interface WeightGradientOptions extends ConvOptions {
  /** Rows and columns. */
  readonly kernel: readonly [number, number];
}

/** (out, in / groups, kh, kw). */
export function weightShape(x: Value, dy: Value, { groups, kernel }: WeightGradientOptions): number[] {
  return [channelsOf(dy), channelsOf(x) / groups, ...kernel];
}

/** Floating-point operations of a matrix product in the time that unrolling takes for one element: it copies about twice, on one core. */
const UNROLL_FLOPS = 100;

/** Of y = conv(x, W), in W's shape. */
export function unrolledWeightGradient(x: Value, dy: Value, options: WeightGradientOptions): Value {
  const { groups, kernel } = options;
  const axes = windowAxes(x.shape, options);
  const shape = weightShape(x, dy, options);
  const [outputs, inputs, taps] = [channelsOf(dy) / groups, channelsOf(x) / groups, sizeOf(kernel)];
  const [seen, pixels] = axes.reduce(([y, x], { output, input }) => [y * output, x * input], [1, 1]);
  const unrollX = channelsOf(x) * seen * (UNROLL_FLOPS + 2 * outputs);
  const unrollDy = channelsOf(dy) * pixels * (UNROLL_FLOPS + 2 * inputs);
  if (unrollX <= unrollDy) {
    const sum = products(grouped(dy, groups), unrolled(whatTapsSee(x, axes), groups));
    return reshape(transpose(reshape(sum, [groups, outputs, taps, inputs]), [0, 1, 3, 2]), shape);
  }
  const sum = products(unrolled(whereTapsLead(dy, axes), groups), grouped(x, groups));
  return reshape(transpose(reshape(sum, [groups, taps, outputs, inputs]), [0, 2, 3, 1]), shape);
}

/** For each tap, the pixels of x that it saw, [N, C, rows of y, columns of y]; zeros where it saw padding. */
function whatTapsSee(x: Value, axes: readonly [Axis, Axis]): Value[] {
  const framed = axes.reduce((value, axis, index) => frame(value, index + 2, axis.before, reachedAfter(axis)), x);
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
