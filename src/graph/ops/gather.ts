import { scatterAdd } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { axisIndex } from '../shape.ts';
import { fromStart, gathered } from '../tensorflow-gather.ts';

/** Rows of x by index along one axis (int32 or int64): an embedding's look-up. Its gradient adds up repeated rows. */
export const gather = defineOp<[x: Value, indices: Value], { axis: number }>({
  name: 'Gather',
  shape: ([x, indices], { axis }) => {
    const at = axisIndex(axis, x.shape.length);
    return [like(x, [...x.shape.slice(0, at), ...indices.shape, ...x.shape.slice(at + 1)])];
  },
  vjp: ({ inputs: [x, indices], attributes: { axis } }, [dy]) => [
    () => scatterAdd(dy!, indices, axis, x.shape),
    undefined,
  ],
  onnx: (w, { names, results, attributes: { axis } }) => {
    w.node('Gather', names, results, { axis: { int: axis } });
  },
  tensorflow: (w, { operands: [x, indices], inputs: [{ shape }], attributes: { axis } }) =>
    gathered(w, x, fromStart(w, indices, shape[axisIndex(axis, shape.length)]!), axis),
  flops: () => 0,
  cases: [
    { inputs: [[4, 3], { shape: [2], dtype: 'int64', values: [3, 0], frozen: true }], attributes: { axis: 0 } },
    {
      inputs: [[4, 3], { shape: [2, 2], dtype: 'int64', values: [1, 1, 2, 1], frozen: true }],
      attributes: { axis: 0 },
      why: 'repeated',
    },
    { inputs: [[2, 4, 3], { shape: [2], dtype: 'int32', values: [2, 2], frozen: true }], attributes: { axis: 1 } },
    {
      inputs: [[2, 4], { shape: [], dtype: 'int64', values: [2], frozen: true }],
      attributes: { axis: -1 },
      why: 'one index drops the axis',
    },
  ],
});
