import { defineOp, noGradient } from '../define.ts';
import type { TensorFlowValue } from '../define.ts';
import type { Value } from '../ir.ts';
import { axisIndex, formatShape, sameDim, ShapeError } from '../shape.ts';

type Inputs = [x: Value, scale: Value, zeroPoint: Value | undefined];

/** y = (x − zeroPoint) · scale of 8-bit or 32-bit integers; a scale that is a vector is one a slice along `axis`. */
export const dequantizeLinear = defineOp<Inputs, { axis: number | undefined }>({
  name: 'DequantizeLinear',
  shape: ([x, scale], { axis }) => {
    const expected = axis === undefined ? [] : [x.shape[axisIndex(axis, x.shape.length)]!];
    if (scale.shape.length !== expected.length || !expected.every((dim) => sameDim(dim, scale.shape[0]!)))
      throw new ShapeError(`the scale is ${formatShape(scale.shape)}, not ${formatShape(expected)}`);
    return [{ shape: x.shape, dtype: scale.dtype }];
  },
  vjp: noGradient,
  onnx: (w, { names: [x, scale, zeroPoint], results, attributes: { axis } }) => {
    w.node('DequantizeLinear', [x, scale, zeroPoint], results, {
      axis: axis === undefined ? undefined : { int: axis },
    });
  },
  tensorflow: (w, { operands: [x, scale, zeroPoint], inputs: [{ shape }], attributes: { axis } }) => {
    const along = (value: TensorFlowValue): TensorFlowValue =>
      axis === undefined
        ? value
        : w.reshape(
            value,
            shape.map((dim, at) => (at === axisIndex(axis, shape.length) ? dim : 1)),
          );
    const float = w.cast(x, scale.dtype);
    const centred = zeroPoint === undefined ? float : w.typed('Sub', [float, along(w.cast(zeroPoint, scale.dtype))]);
    return w.typed('Mul', [centred, along(scale)]);
  },
  flops: ([x]) => 2 * x!.reduce((size, dim) => size * dim, 1),
  cases: [
    {
      inputs: [
        { shape: [2, 2], dtype: 'uint8', values: [0, 100, 128, 255] },
        scale([], 0.5),
        { shape: [], dtype: 'uint8', values: [128] },
      ],
      attributes: { axis: undefined },
    },
    {
      inputs: [
        { shape: [2, 3], dtype: 'int8', values: [-127, 0, 127, 1, 2, 3] },
        scale([2], 0.1, 2),
        { shape: [2], dtype: 'int8', values: [0, 0] },
      ],
      attributes: { axis: 0 },
      why: 'a scale a row',
    },
    {
      inputs: [{ shape: [3], dtype: 'int32', values: [-100000, 7, 65537] }, scale([3], 0.1, 0.01, 2), undefined],
      attributes: { axis: 0 },
      why: 'a bias',
    },
  ],
});

function scale(shape: number[], ...values: number[]) {
  return { shape, values, frozen: true } as const;
}
