import { expand, gather, reshape, scatterElements } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { axisIndex, elements } from '../shape.ts';
import type { Shape } from '../shape.ts';

interface ScatterAddAttributes {
  readonly axis: number;
  /** Of the result. */
  readonly shape: Shape;
}

/**
 * Zeros of a shape with slices added at indices along one axis: the gradient of Gather, whose result the slices are shaped like.
 * Repeated indices add up.
 */
export const scatterAdd = defineOp<[slices: Value, indices: Value], ScatterAddAttributes>({
  name: 'ScatterAdd',
  shape: ([slices], { shape }) => [like(slices, shape)],
  vjp: ({ inputs: [, indices], attributes: { axis } }, [dy]) => [() => gather(dy!, indices, axis), undefined],
  expand: ({ inputs: [slices, indices], attributes: { axis, shape } }) => {
    const at = axisIndex(axis, shape.length);
    const count = elements(indices.shape);
    const flat = shape.map((dim, index) => (index === at ? count : dim));
    const column = flat.map((_, index) => (index === at ? count : 1));
    const zeros = expand(slices.graph.scalar(0), shape);
    return [scatterElements(zeros, expand(reshape(indices, column), flat), reshape(slices, flat), at)];
  },
  cases: [
    { inputs: [[2, 3], { shape: [2], dtype: 'int64', values: [3, 0] }], attributes: { axis: 0, shape: [4, 3] } },
    {
      inputs: [[2, 2, 3], { shape: [2, 2], dtype: 'int64', values: [1, 1, 2, 1] }],
      attributes: { axis: 0, shape: [4, 3] },
      why: 'repeated',
    },
    { inputs: [[2, 2, 3], { shape: [2], dtype: 'int32', values: [2, 2] }], attributes: { axis: 1, shape: [2, 4, 3] } },
    { inputs: [[2], { shape: [], dtype: 'int64', values: [2] }], attributes: { axis: -1, shape: [2, 4] } },
  ],
});
