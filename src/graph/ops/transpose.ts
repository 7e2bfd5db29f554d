import { transpose as permute } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { ShapeError } from '../shape.ts';

/** y's axis i is x's axis permutation[i]. */
export const transpose = defineOp<[x: Value], { permutation: readonly number[] }>({
  name: 'Transpose',
  shape: ([x], { permutation }) => {
    if (permutation.toSorted((a, b) => a - b).join() !== [...x.shape.keys()].join()) {
      throw new ShapeError(`[${permutation.join(', ')}] is no permutation of its axes`);
    }
    return [
      like(
        x,
        permutation.map((axis) => x.shape[axis]!),
      ),
    ];
  },
  vjp: ({ attributes: { permutation } }, [dy]) => [
    () =>
      permute(
        dy!,
        permutation.map((_, axis) => permutation.indexOf(axis)),
      ),
  ],
  onnx: (w, { names, results, attributes: { permutation } }) => {
    w.node('Transpose', names, results, { perm: { ints: permutation } });
  },
  tensorflow: (w, { operands: [x], attributes: { permutation } }) => w.transpose(x, permutation),
  flops: () => 0,
  cases: [
    { inputs: [[2, 3]], attributes: { permutation: [1, 0] } },
    { inputs: [[2, 3, 4]], attributes: { permutation: [2, 0, 1] } },
    { inputs: [[2, 3, 1, 2]], attributes: { permutation: [0, 3, 1, 2] } },
  ],
});
