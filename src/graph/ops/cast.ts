import { cast as convert } from '../build.ts';
import { defineOp } from '../define.ts';
import type { Value } from '../ir.ts';
import { onnxType } from '../onnx-types.ts';
import { isFloat } from '../tensor.ts';
import type { DType } from '../tensor.ts';

/** To another element type; integers and booleans pass no gradient on. */
export const cast = defineOp<[x: Value], { to: DType }>({
  name: 'Cast',
  shape: ([x], { to }) => [{ shape: x.shape, dtype: to }],
  vjp: ({ inputs: [x] }, [dy]) => [isFloat(x.dtype) ? () => convert(dy!, x.dtype) : undefined],
  onnx: (w, { names, results, attributes: { to } }) => {
    w.node('Cast', names, results, { to: { int: onnxType(to) } });
  },
  tensorflow: (w, { operands: [x], attributes: { to } }) => w.cast(x, to),
  cases: [
    { inputs: [[3]], attributes: { to: 'float32' } },
    { inputs: [{ shape: [2, 2], dtype: 'int32', values: [1, -2, 3, 4], frozen: true }], attributes: { to: 'float32' } },
    { inputs: [{ shape: [4], dtype: 'uint8', values: [0, 1, 128, 255], frozen: true }], attributes: { to: 'float32' } },
  ],
});
