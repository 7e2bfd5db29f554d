import { reshape, scatterAdd } from '../build.ts';
import { defineOp, noGradient } from '../define.ts';
import type { CaseTensor, OnnxAttribute } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { writePlacesOfMaxima } from '../onnx-places-of-maxima.ts';
import { elements, timesDim } from '../shape.ts';
import type { Dim, Shape } from '../shape.ts';
import { int64 } from '../tensor.ts';
import type { Tensor } from '../tensor.ts';
import { pooled, reached, whatTapsSee } from '../tensorflow-pooling.ts';
import { windowAxes } from '../window.ts';
import type { Axis, WindowOptions } from '../window.ts';
import { gathered } from '../tensorflow-gather.ts';

/**
 * The largest value of each window of x [N, C, H, W]; padding never wins.
 *
 * The gradient goes to where the maximum was, of equal ones to the first, as in PyTorch. ONNX Runtime finds the places eight times slower than
 * the maxima, so only a gradient asks for them (MaxPoolIndices).
 */
export const maxPool = defineOp<[x: Value], WindowOptions>({
  name: 'MaxPool',
  shape: ([x], options) => [like(x, pooledShape(x.shape, options))],
  vjp: ({ inputs: [x], attributes }, [dy]) => [
    () => {
      const indices = x.graph.apply('MaxPoolIndices', [x], { ...attributes })[0]!;
      const flat = (value: Value): Value => reshape(value, [elements(value.shape)]);
      return reshape(scatterAdd(flat(dy!), flat(indices), 0, [elements(x.shape)]), x.shape);
    },
  ],
  onnx: (w, { names, results, attributes }) => {
    w.node('MaxPool', names, results, poolAttributes(attributes));
  },
  tensorflow: (w, { operands: [x], inputs: [{ shape }], attributes }) => {
    const axes = windowAxes(shape, attributes);
    const framed = reached(w, x, axes, -Infinity);
    if (attributes.dilations.every((dilation) => dilation === 1)) return pooled(w, 'MaxPool', framed, axes);
    return whatTapsSee(w, framed, axes).reduce((largest, seen) => w.typed('Maximum', [largest, seen]));
  },
  flops,
  cases: [
    { inputs: [distinct(2, 2, 4, 4)], attributes: options({}) },
    {
      inputs: [distinct(2, 1, 5, 6)],
      attributes: options({ kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }),
      why: 'windows overlap',
    },
    {
      inputs: [distinct(1, 2, 5, 5)],
      attributes: options({ kernel: [3, 2], strides: [2, 1], pads: [0, 1, 2, 0] }),
      why: 'asymmetric',
    },
    { inputs: [distinct(1, 1, 6, 5)], attributes: options({ kernel: [2, 2], dilations: [2, 3], strides: [1, 1] }) },
    {
      inputs: [distinct(2, 1, 5, 5)],
      attributes: options({ ceilMode: true }),
      why: 'a last window that reaches beyond',
    },
  ],
});

/** Where the maxima of MaxPool are in x, as int64 indices into all its elements; the first of equal ones. */
export const maxPoolIndices = defineOp<[x: Value], WindowOptions>({
  name: 'MaxPoolIndices',
  shape: ([x], options) => [{ shape: pooledShape(x.shape, options), dtype: 'int64' }],
  vjp: noGradient,
  onnx: (w, { names, inputs: [x], results: [indices], attributes }) => {
    if (w.has('MaxPoolIndices')) w.node('MaxPool', names, [w.fresh('maxima'), indices!], poolAttributes(attributes));
    else writePlacesOfMaxima(w, { x, name: names[0], axes: windowAxes(x.shape, attributes), result: indices! });
  },
  // TensorFlow's own (MaxPoolWithArgmax) knows neither padding nor dilations, and XLA does not know it.
  tensorflow: (w, { operands: [x], inputs: [{ shape }], outputs: [y], attributes }) => {
    const axes = windowAxes(shape, attributes);
    const seen = whatTapsSee(w, reached(w, x, axes, -Infinity), axes);
    const taps = w.typed('Pack', seen, { N: { int: seen.length }, axis: { int: 0 } });
    // Of equal values the first.
    const tap = w.node(
      'ArgMax',
      [taps, w.scalar(0, 'int32')],
      { T: { type: x.dtype }, output_type: { type: 'int32' } },
      'int32',
    );
    const offset = gathered(w, w.constant(tapOffsets(axes)), tap, 0);
    const [rows, columns] = axes;
    const inImage = w.typed('AddV2', [offset, w.constant(windowOffsets(axes))]);
    const [batch, channels] = y!.shape as [Dim, number];
    const images = w.cast(w.reshape(w.shape([timesDim(batch, channels)]), []), 'int64');
    const places = w.node(
      'Range',
      [w.scalar(0, 'int64'), images, w.scalar(1, 'int64')],
      { Tidx: { type: 'int64' } },
      'int64',
    );
    const image = w.typed('Mul', [places, w.scalar(rows.input * columns.input, 'int64')]);
    return w.typed('AddV2', [inImage, w.reshape(image, [batch, channels, 1, 1])]);
  },
  flops,
  cases: [
    { inputs: [distinct(2, 2, 4, 4)], attributes: options({}) },
    { inputs: [distinct(2, 1, 5, 6)], attributes: options({ kernel: [3, 3], strides: [2, 2], pads: [1, 1, 1, 1] }) },
    { inputs: [{ shape: [1, 1, 4, 4], values: Array<number>(16).fill(1) }], attributes: options({}), why: 'ties' },
  ],
});

function pooledShape(x: Shape, options: WindowOptions): Shape {
  return [x[0]!, x[1]!, ...windowAxes(x, options).map(({ output }) => output)];
}

/** How far each tap of the kernel lies from the first, in elements of one image. */
function tapOffsets([rows, columns]: readonly [Axis, Axis]): Tensor {
  const taps = Array.from({ length: rows.kernel * columns.kernel }, (_, tap) => {
    const down = Math.floor(tap / columns.kernel) * rows.dilation;
    return down * columns.input + (tap % columns.kernel) * columns.dilation;
  });
  return int64([taps.length], taps);
}

/** Where each window's first tap lies in one image, [rows of y, columns of y]; before 0 where it is padding. */
function windowOffsets([rows, columns]: readonly [Axis, Axis]): Tensor {
  const along = ({ output, stride, before }: Axis): number[] =>
    Array.from({ length: output }, (_, index) => index * stride - before);
  const offsets = along(rows).flatMap((row) => along(columns).map((column) => row * columns.input + column));
  return int64([rows.output, columns.output], offsets);
}

function poolAttributes(attributes: WindowOptions): Record<string, OnnxAttribute> {
  const { kernel, strides, pads, dilations, ceilMode } = attributes;
  return {
    kernel_shape: { ints: kernel },
    strides: { ints: strides },
    pads: { ints: pads },
    dilations: { ints: dilations },
    ceil_mode: { int: ceilMode ? 1 : 0 },
  };
}

function flops(_: unknown, [y]: readonly (readonly number[])[], { kernel }: WindowOptions): number {
  return kernel[0]! * kernel[1]! * y!.reduce((size, dim) => size * dim, 1);
}

function options(given: Partial<WindowOptions>): WindowOptions {
  return { kernel: [2, 2], strides: [2, 2], pads: [0, 0, 0, 0], dilations: [1, 1], ...given };
}

/** Values a quarter apart and out of order: differences of 1/16 change no maximum. */
function distinct(...shape: [number, number, number, number]): CaseTensor {
  const size = shape.reduce((product, dim) => product * dim, 1);
  // 37 is a prime that divides none of the sizes, so this is a permutation.
  return { shape, values: Array.from({ length: size }, (_, index) => ((index * 37) % size) / 4 - size / 8) };
}
