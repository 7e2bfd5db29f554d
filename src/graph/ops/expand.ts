import { unbroadcast } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { broadcast } from '../shape.ts';
import type { Shape } from '../shape.ts';

/** Stretches to a shape by broadcasting. */
export const expand = defineOp<[x: Value], { shape: Shape }>({
  name: 'Expand',
  shape: ([x], { shape }) => [like(x, broadcast(x.shape, shape))],
  vjp: ({ inputs: [x] }, [dy]) => [() => unbroadcast(dy!, x.shape)],
  onnx: (w, { names: [x], results, attributes: { shape } }) => {
    w.node('Expand', [x, w.shape(shape)], results);
  },
  flops: () => 0,
  cases: [
    { inputs: [[3]], attributes: { shape: [2, 3] } },
    { inputs: [[2, 1, 3]], attributes: { shape: [2, 4, 3] } },
    { inputs: [[]], attributes: { shape: [2, 2] } },
  ],
});
