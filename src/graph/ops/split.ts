import { concat, expand } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { axisIndex, known, ShapeError } from '../shape.ts';

/** Consecutive pieces along one axis. The gradient joins theirs; a piece that nothing reads contributes zeros. */
export const split = defineOp<[x: Value], { axis: number; sizes: readonly number[] }>({
  name: 'Split',
  shape: ([x], { axis, sizes }) => {
    const at = axisIndex(axis, x.shape.length);
    const length = known(x.shape[at], 'a split axis');
    if (sizes.reduce((sum, size) => sum + size, 0) !== length)
      throw new ShapeError(`[${sizes.join(', ')}] do not add up to ${length}`);
    return sizes.map((size) =>
      like(
        x,
        x.shape.map((dim, index) => (index === at ? size : dim)),
      ),
    );
  },
  differentiable: 'all',
  vjp: ({ outputs, attributes: { axis } }, gradients) => {
    const pieces = outputs.map((output, index) => gradients[index] ?? expand(output.graph.scalar(0), output.shape));
    return [() => concat(pieces, axis)];
  },
  onnx: (w, { names: [x], results, attributes: { axis, sizes } }) => {
    w.node('Split', [x, w.ints(sizes)], results, { axis: { int: axis } });
  },
  tensorflow: (w, { operands: [x], attributes: { axis, sizes } }) => {
    const first = w.typed('SplitV', [x, w.ints(sizes), w.scalar(axis, 'int32')], {
      num_split: { int: sizes.length },
      Tlen: { type: 'int32' },
    });
    return sizes.map((_, index) => w.output(first, index));
  },
  flops: () => 0,
  cases: [
    { inputs: [[5]], attributes: { axis: 0, sizes: [2, 3] } },
    { inputs: [[2, 4]], attributes: { axis: -1, sizes: [1, 2, 1] } },
    { inputs: [[3, 2, 2]], attributes: { axis: 0, sizes: [1, 2] } },
  ],
});
