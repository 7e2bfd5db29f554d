import { gatherElements } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { elements } from '../shape.ts';
import { flatPlaces } from '../tensorflow-gather.ts';

/**
 * data with updates added at indices along one axis; updates and indices are of one shape. Repeated indices add up.
 * ONNX Runtime's ScatterND would be faster, but loses updates of repeated indices when it runs on several threads (seen in 1.30).
 */
export const scatterElements = defineOp<[data: Value, indices: Value, updates: Value], { axis: number }>({
  name: 'ScatterElements',
  shape: ([data]) => [like(data)],
  vjp: ({ inputs: [, indices], attributes: { axis } }, [dy]) => [
    () => dy!,
    undefined,
    () => gatherElements(dy!, indices, axis),
  ],
  onnx: (w, { names, results, attributes: { axis } }) => {
    w.node('ScatterElements', names, results, { axis: { int: axis }, reduction: { string: 'add' } });
  },
  tensorflow: (w, { operands: [data, indices, updates], inputs, attributes: { axis } }) => {
    const [{ shape }, { shape: moved }] = inputs;
    const places = w.reshape(flatPlaces(w, indices, inputs, axis), [elements(moved), 1]);
    const sum = w.typed(
      'TensorScatterAdd',
      [w.reshape(data, [elements(shape)]), places, w.reshape(updates, [elements(moved)])],
      { Tindices: { type: indices.dtype } },
    );
    return w.reshape(sum, shape);
  },
  flops: ([, indices]) => indices!.reduce((size, dim) => size * dim, 1),
  cases: [
    { inputs: [[4], { shape: [3], dtype: 'int64', values: [3, 0, 3] }, [3]], attributes: { axis: 0 } },
    { inputs: [[3, 2], { shape: [2, 2], dtype: 'int32', values: [0, 2, 0, 1] }, [2, 2]], attributes: { axis: 0 } },
    {
      inputs: [[2, 3, 2], { shape: [2, 1, 2], dtype: 'int64', values: [1, 1, 2, 0] }, [2, 1, 2]],
      attributes: { axis: -2 },
    },
  ],
});
