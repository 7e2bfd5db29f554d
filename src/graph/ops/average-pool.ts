import { averagePool as average, mul, pad } from '../build.ts';
import { defineOp } from '../define.ts';
import { dilate } from '../dilate.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { float32 } from '../tensor.ts';
import type { Tensor } from '../tensor.ts';
import { pooled, reached } from '../tensorflow-pooling.ts';
import { gradientMargins, windowAxes } from '../window.ts';
import type { Axis, WindowOptions } from '../window.ts';

interface AverageOptions extends Omit<WindowOptions, 'dilations'> {
  /** Padding counts as zeros; otherwise a window averages over the pixels it sees alone. */
  readonly countIncludePad: boolean;
}

/**
 * The mean of each window of x [N, C, H, W].
 *
 * The gradient of a sum over windows is a sum over windows of dy, spread by the stride, so it is an average pooling too: of dy, weighted
 * by k² over the number of pixels that its window counted.
 */
export const averagePool = defineOp<[x: Value], AverageOptions>({
  name: 'AveragePool',
  shape: ([x], options) => [like(x, [x.shape[0]!, x.shape[1]!, ...axesOf(x, options).map(({ output }) => output)])],
  vjp: ({ inputs: [x], attributes }, [dy]) => [
    () => {
      const axes = axesOf(x, attributes);
      const [rows, columns] = axes;
      const { kernel } = attributes;
      const spread = axes.reduce(
        (value, { stride }, index) => dilate(value, index + 2, stride),
        weighted(dy!, axes, attributes),
      );
      const [top, left, bottom, right] = gradientMargins(axes);
      // Pixels after the last window get nothing.
      const [below, beside] = [Math.max(0, bottom - rows.kernel + 1), Math.max(0, right - columns.kernel + 1)];
      const pads = [top, left, bottom - below, right - beside];
      return pad(
        average(spread, { kernel, strides: [1, 1], pads, countIncludePad: true }),
        [0, 0, 0, 0],
        [0, 0, below, beside],
      );
    },
  ],
  onnx: (w, { names, results, attributes: { kernel, strides, pads, ceilMode, countIncludePad } }) => {
    w.node('AveragePool', names, results, {
      kernel_shape: { ints: kernel },
      strides: { ints: strides },
      pads: { ints: pads },
      ceil_mode: { int: ceilMode ? 1 : 0 },
      count_include_pad: { int: countIncludePad ? 1 : 0 },
    });
  },
  tensorflow: (w, { operands: [x], inputs: [value], attributes }) => {
    const axes = axesOf(value, attributes);
    const mean = pooled(w, 'AvgPool', reached(w, x, axes, 0), axes);
    const factors = windowShares(axes, attributes);
    return factors === undefined ? mean : w.typed('Mul', [mean, w.constant(factors)]);
  },
  flops: (_, [y], { kernel }) => kernel[0]! * kernel[1]! * y!.reduce((size, dim) => size * dim, 1),
  cases: [
    { inputs: [[2, 2, 4, 4]], attributes: options({}) },
    { inputs: [[2, 1, 5, 6]], attributes: options({ kernel: [3, 3], pads: [1, 1, 1, 1] }), why: 'windows overlap' },
    {
      inputs: [[1, 2, 5, 5]],
      attributes: options({ kernel: [3, 2], strides: [2, 1], pads: [0, 1, 2, 0] }),
      why: 'asymmetric',
    },
    {
      inputs: [[2, 1, 5, 6]],
      attributes: options({ kernel: [3, 3], pads: [1, 1, 1, 1], countIncludePad: true }),
      why: 'padding counts',
    },
    { inputs: [[2, 1, 5, 5]], attributes: options({ ceilMode: true }), why: 'a last window that reaches beyond' },
    {
      inputs: [[1, 1, 6, 7]],
      attributes: options({ kernel: [3, 3], pads: [1, 1, 1, 1], ceilMode: true, countIncludePad: true }),
      why: 'beyond the padding nothing counts',
    },
    { inputs: [[2, 1, 7, 7]], attributes: options({ strides: [3, 3] }), why: 'pixels that no window sees' },
  ],
});

function axesOf(x: Value, options: AverageOptions): readonly [Axis, Axis] {
  return windowAxes(x.shape, { ...options, dilations: [1, 1] });
}

/** dy ∘ k² / count, with the number of pixels that each window counted. */
function weighted(dy: Value, axes: readonly [Axis, Axis], options: AverageOptions): Value {
  const factors = windowShares(axes, options);
  return factors === undefined ? dy : mul(dy, dy.graph.constant(factors));
}

/** k² / count for each window, [rows of y, columns of y]; undefined where all are 1. */
function windowShares(axes: readonly [Axis, Axis], { countIncludePad }: AverageOptions): Tensor | undefined {
  const [rows, columns] = axes.map((axis) => shares(axis, countIncludePad)) as [number[], number[]];
  if ([...rows, ...columns].every((share) => share === 1)) return undefined;
  return float32(
    [rows.length, columns.length],
    rows.flatMap((row) => columns.map((column) => row * column)),
  );
}

/** Along one axis, kernel over count for each window. */
function shares({ input, output, kernel, stride, before, after }: Axis, countIncludePad: boolean): number[] {
  const [low, high] = countIncludePad ? [-before, input + after] : [0, input];
  return Array.from({ length: output }, (_, index) => {
    const start = index * stride - before;
    return kernel / (Math.min(start + kernel, high) - Math.max(start, low));
  });
}

function options(given: Partial<AverageOptions>): AverageOptions {
  return { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0], countIncludePad: false, ...given };
}
