import { defineOp, noGradient } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { ShapeError } from '../shape.ts';

/** The `count` largest along the last axis, the largest first. */
export const topValues = defineOp<[x: Value], { count: number }>({
  name: 'TopValues',
  shape: ([x], { count }) => {
    const length = x.shape.at(-1);
    if (typeof length !== 'number' || count > length) throw new ShapeError(`the last axis has no ${count} values`);
    return [like(x, [...x.shape.slice(0, -1), count])];
  },
  vjp: noGradient,
  onnx: (w, { names: [x], results: [values], attributes: { count } }) => {
    w.node('TopK', [x, w.ints([count])], [values!, w.fresh('places')], { axis: { int: -1 } });
  },
  tensorflow: (w, { operands: [x], attributes: { count } }) =>
    w.typed('TopKV2', [x, w.scalar(count, 'int32')], { sorted: { bool: true } }),
  flops: ([x]) => x!.reduce((size, dim) => size * dim, 1),
  cases: [
    { inputs: [{ shape: [4], values: [1, -2, 3, 0.5], frozen: true }], attributes: { count: 2 } },
    { inputs: [{ shape: [2, 3], values: [1, 2, 3, 6, 5, 4], frozen: true }], attributes: { count: 3 } },
    { inputs: [{ shape: [1, 2, 2], values: [1, 1, 0, -1], frozen: true }], attributes: { count: 1 }, why: 'ties' },
  ],
});
