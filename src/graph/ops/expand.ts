import { unbroadcast } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { broadcast, sameDim } from '../shape.ts';
import type { Shape } from '../shape.ts';

/** Stretches to a shape by broadcasting. */
export const expand = defineOp<[x: Value], { shape: Shape }>({
  name: 'Expand',
  shape: ([x], { shape }) => [like(x, broadcast(x.shape, shape))],
  vjp: ({ inputs: [x] }, [dy]) => [() => unbroadcast(dy!, x.shape)],
  onnx: (w, { names: [x], results, inputs: [input], attributes: { shape } }) => {
    // ONNX broadcasts both ways: 1 keeps the input's length, so that a symbolic one that it has already need not be computed.
    const extra = shape.length - input.shape.length;
    const lengths = shape.map((dim, axis) => {
      const same = input.shape[axis - extra];
      return same !== undefined && sameDim(dim, same) ? 1 : dim;
    });
    w.node('Expand', [x, w.shape(lengths)], results);
  },
  tensorflow: (w, { operands: [x], attributes: { shape } }) => w.typed('BroadcastTo', [x, w.shape(shape)]),
  flops: () => 0,
  cases: [
    { inputs: [[3]], attributes: { shape: [2, 3] } },
    { inputs: [[2, 1, 3]], attributes: { shape: [2, 4, 3] } },
    { inputs: [[]], attributes: { shape: [2, 2] } },
  ],
});
