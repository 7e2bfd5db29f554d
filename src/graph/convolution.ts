/** The two gradients of a convolution, written with forward ops: engines for inference have no others. */
import { concat, conv, matmul, pad, reduceSum, reshape, slice, transpose } from './build.ts';
import type { ConvOptions } from './build.ts';
import { dilate, flip } from './dilate.ts';
import type { Value } from './ir.ts';
import { known, timesDim } from './shape.ts';
import type { Dim } from './shape.ts';

/** Rows or columns: one spatial axis of a convolution. */
interface Axis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
}

function axesOf(input: Value, output: Value, kernel: readonly number[], options: ConvOptions): readonly [Axis, Axis] {
  const axis = (index: 0 | 1): Axis => ({
    input: known(input.shape[index + 2], 'the image size'),
    output: known(output.shape[index + 2], 'the image size'),
    kernel: kernel[index]!,
    stride: options.strides[index]!,
    dilation: options.dilations[index]!,
    before: options.pads[index]!,
  });
  return [axis(0), axis(1)];
}

const kernelOf = ({ shape }: Value): number[] => shape.slice(2).map((dim) => known(dim, 'the kernel size'));

/**
 * dx of y = conv(x, W): the convolution of dy, spread by the stride, with W flipped and its channels exchanged. Of a frozen W the
 * rearrangement is constant and costs nothing. `x` gives the shape alone.
 */
export function convInputGradient(dy: Value, weight: Value, x: Value, options: ConvOptions): Value {
  const { groups, dilations } = options;
  const axes = axesOf(x, dy, kernelOf(weight), options);
  const spread = axes.reduce((value, { stride }, index) => dilate(value, index + 2, stride), dy);
  const [top, left] = axes.map(({ dilation, kernel, before }) => dilation * (kernel - 1) - before) as [number, number];
  const [bottom, right] = axes.map(
    ({ input, output, stride, before }) => input + before - ((output - 1) * stride + 1),
  ) as [number, number];
  const margins = [top, left, bottom, right];
  const pads = margins.map((margin) => Math.max(0, margin));
  const wide = conv(spread, exchanged(weight, groups), undefined, { strides: [1, 1], pads, dilations, groups });
  // Where the padding is wider than the kernel reaches, the outermost rows belong to the padding, not to x.
  return axes.reduce((value, { input }, index) => {
    const cut = Math.max(0, -margins[index]!);
    const length = known(value.shape[index + 2], 'the image size');
    return cut === 0 && length === input ? value : slice(value, index + 2, cut, cut + input);
  }, wide);
}

/** (out, in/g, kh, kw) → (in, out/g, kh, kw), both spatial axes reversed. */
function exchanged(weight: Value, groups: number): Value {
  const [out, inputs, kh, kw] = weight.shape as readonly [number, number, number, number];
  const grouped = reshape(weight, [groups, out / groups, inputs, kh, kw]);
  const swapped = reshape(transpose(grouped, [0, 2, 1, 3, 4]), [groups * inputs, out / groups, kh, kw]);
  const rows = kh === 1 ? swapped : flip(swapped, 2);
  return kw === 1 ? rows : flip(rows, 3);
}

/**
 * dW of y = conv(x, W), in W's shape (out, in/g, kh, kw): for each tap of the kernel the product of dy with the part of x that the tap
 * saw, all taps in one matrix product. Of the two sides the one with fewer channels is the one that is copied tap by tap.
 */
export function convWeightGradient(x: Value, dy: Value, weight: Value, options: ConvOptions): Value {
  const kernel = kernelOf(weight);
  const [rows, columns] = axesOf(x, dy, kernel, options);
  const { groups } = options;
  const outputs = known(dy.shape[1], 'the channels') / groups;
  const inputs = known(weight.shape[1], 'the channels');
  const taps = Array.from(
    { length: kernel[0]! * kernel[1]! },
    (_, tap) => [Math.floor(tap / kernel[1]!), tap % kernel[1]!] as const,
  );
  const shape = [groups * outputs, inputs, kernel[0]!, kernel[1]!];
  const canMoveOutput = rows.stride === 1 && columns.stride === 1;
  if (canMoveOutput && outputs < inputs) {
    const seen = taps.map(([i, j]) => grouped(window(window(dy, 2, rows, i, 'input'), 3, columns, j, 'input'), groups));
    // [N, g, taps·out, pixels of x] · [N, g, in, pixels of x]ᵀ
    const product = matmul(concat(seen, 2), grouped(x, groups), { transB: true });
    const summed = reshape(reduceSum(product, { axes: [0] }), [groups, taps.length, outputs, inputs]);
    return reshape(transpose(summed, [0, 2, 3, 1]), shape);
  }
  const seen = taps.map(([i, j]) => grouped(window(window(x, 2, rows, i, 'output'), 3, columns, j, 'output'), groups));
  const product = matmul(grouped(dy, groups), concat(seen, 2), { transB: true });
  const summed = reshape(reduceSum(product, { axes: [0] }), [groups, outputs, taps.length, inputs]);
  return reshape(transpose(summed, [0, 1, 3, 2]), shape);
}

/** [N, C, H, W] → [N, groups, C/groups, H·W]. */
function grouped(x: Value, groups: number): Value {
  const [batch, channels, height, width] = x.shape as readonly [Dim, number, number, number];
  return reshape(x, [batch, groups, channels / groups, timesDim(height, width)]);
}

/**
 * Along one axis: what tap `tap` of the kernel saw of x for each output ('output'), or which output each x went to through that tap
 * ('input', stride 1 alone); zeros where there is none.
 */
function window(value: Value, at: number, axis: Axis, tap: number, per: 'output' | 'input'): Value {
  const { stride, dilation, before } = axis;
  const length = known(value.shape[at], 'the image size');
  const count = per === 'output' ? axis.output : axis.input;
  const start = per === 'output' ? tap * dilation - before : before - tap * dilation;
  const end = start + (count - 1) * stride + 1;
  const around = (amount: number): number[] => value.shape.map((_, index) => (index === at ? Math.max(0, amount) : 0));
  const padded = pad(value, around(-start), around(end - length));
  const from = Math.max(0, start);
  return slice(padded, at, from, from + end - start, stride);
}
