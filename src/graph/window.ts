/** A window that slides over the two image axes: what convolutions and poolings have in common. */
import { known, ShapeError } from './shape.ts';
import type { Shape } from './shape.ts';

export interface WindowOptions {
  readonly kernel: readonly number[];
  readonly strides: readonly number[];
  /** Top, left, bottom, right. */
  readonly pads: readonly number[];
  readonly dilations: readonly number[];
  /** A last window that reaches beyond the padding counts if it starts inside, as PyTorch has it. */
  readonly ceilMode?: boolean;
}

/** Rows or columns. */
export interface Axis {
  readonly input: number;
  readonly output: number;
  readonly kernel: number;
  readonly stride: number;
  readonly dilation: number;
  readonly before: number;
  readonly after: number;
}

/** Of an image, [N, C, H, W]. */
export function channelsOf({ shape }: { readonly shape: Shape }): number {
  return known(shape[1], 'the channels');
}

/** Rows and columns of a convolution's weight (out, in / groups, kh, kw). */
export function kernelOf(weight: Shape): number[] {
  return weight.slice(2).map((dim) => known(dim, 'the kernel size'));
}

/** The image axes of x [N, C, H, W] under a window; a ShapeError where the window does not fit. */
export function windowAxes(x: Shape, options: WindowOptions): readonly [Axis, Axis] {
  const axis = (index: 0 | 1): Axis => {
    const measures = {
      input: known(x[index + 2], 'the image size'),
      kernel: options.kernel[index]!,
      stride: options.strides[index]!,
      dilation: options.dilations[index]!,
      before: options.pads[index]!,
      after: options.pads[index + 2]!,
    };
    return { ...measures, output: positions(measures, options.ceilMode ?? false) };
  };
  return [axis(0), axis(1)];
}

function positions({ input, kernel, stride, dilation, before, after }: Omit<Axis, 'output'>, ceil: boolean): number {
  const padded = input + before + after;
  const reach = dilation * (kernel - 1) + 1;
  if (reach > padded) throw new ShapeError(`a kernel of ${reach} does not fit an image of ${padded}`);
  const steps = (padded - reach) / stride;
  if (!ceil) return Math.floor(steps) + 1;
  const last = Math.ceil(steps);
  return last * stride < input + before ? last + 1 : last;
}

/** Rows or columns of padding at the end that the last window reaches; none where it ends within the image. */
export function reachedAfter({ input, output, kernel, stride, dilation, before }: Axis): number {
  return Math.max(0, (output - 1) * stride + dilation * (kernel - 1) + 1 - before - input);
}

/**
 * Margins, top, left, bottom, right, that dy, spread by the stride, needs for a window that slides by one to give x's size back; a negative
 * one cuts off what only the padding saw.
 */
export function gradientMargins(axes: readonly [Axis, Axis]): [number, number, number, number] {
  const before = ({ kernel, dilation, before }: Axis): number => dilation * (kernel - 1) - before;
  const after = ({ input, output, stride, before }: Axis): number => input + before - ((output - 1) * stride + 1);
  return [before(axes[0]), before(axes[1]), after(axes[0]), after(axes[1])];
}

/** Padding under which a convolution with W turned leads from y's size back to x's; undefined where none does. */
export function turnedPads(axes: readonly [Axis, Axis]): readonly number[] | undefined {
  const pads = gradientMargins(axes);
  return axes.every(({ stride }) => stride === 1) && pads.every((amount) => amount >= 0) ? pads : undefined;
}
