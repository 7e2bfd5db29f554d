import { expand, scatterElements } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { elements } from '../shape.ts';
import { flatPlaces, gathered } from '../tensorflow-gather.ts';

/** One element of x for each index (int32 or int64), looked up along one axis at the index's own place on the others. */
export const gatherElements = defineOp<[x: Value, indices: Value], { axis: number }>({
  name: 'GatherElements',
  shape: ([x, indices]) => [like(x, indices.shape)],
  vjp: ({ inputs: [x, indices], attributes: { axis } }, [dy]) => [
    () => scatterElements(expand(x.graph.scalar(0), x.shape), indices, dy!, axis),
    undefined,
  ],
  onnx: (w, { names, results, attributes: { axis } }) => {
    w.node('GatherElements', names, results, { axis: { int: axis } });
  },
  tensorflow: (w, { operands: [x, indices], inputs, attributes: { axis } }) => {
    const flat = w.reshape(x, [elements(inputs[0].shape)]);
    return gathered(w, flat, flatPlaces(w, indices, inputs, axis), 0);
  },
  flops: () => 0,
  cases: [
    { inputs: [[4], { shape: [3], dtype: 'int64', values: [3, 0, 3] }], attributes: { axis: 0 } },
    { inputs: [[2, 3], { shape: [2, 2], dtype: 'int32', values: [0, 2, 1, 1] }], attributes: { axis: 1 } },
    { inputs: [[2, 3, 2], { shape: [2, 1, 2], dtype: 'int64', values: [1, 1, 2, 0] }], attributes: { axis: -2 } },
  ],
});
