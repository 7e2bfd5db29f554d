import { reshape as back } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { elements, formatShape, sameDim, ShapeError } from '../shape.ts';
import type { Shape } from '../shape.ts';

export const reshape = defineOp<[x: Value], { shape: Shape }>({
  name: 'Reshape',
  shape: ([x], { shape }) => {
    if (!sameDim(elements(x.shape), elements(shape))) throw new ShapeError(`cannot become ${formatShape(shape)}`);
    return [like(x, shape)];
  },
  vjp: ({ inputs: [x] }, [dy]) => [() => back(dy!, x.shape)],
  onnx: (w, { names: [x], results, inputs: [input], attributes: { shape } }) => {
    // Known to ONNX without computing a shape: 0 is the input's length at that axis, −1 whatever is left.
    const lengths = shape.map((dim, axis) => {
      if (typeof dim === 'number') return dim;
      const same = input.shape[axis];
      return same !== undefined && sameDim(dim, same) ? 0 : -1;
    });
    const unknown = lengths.filter((length) => length === -1).length;
    w.node('Reshape', [x, unknown > 1 ? w.shape(shape) : w.ints(lengths)], results);
  },
  tensorflow: (w, { operands: [x], attributes: { shape } }) => w.reshape(x, shape),
  alias: true,
  flops: () => 0,
  cases: [
    { inputs: [[2, 6]], attributes: { shape: [3, 4] } },
    { inputs: [[2, 3]], attributes: { shape: [6] } },
    { inputs: [[1]], attributes: { shape: [] }, why: 'to a scalar' },
  ],
});
