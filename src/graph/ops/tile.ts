import { expand, reshape } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { timesDim } from '../shape.ts';

/** x repeated along each axis. */
export const tile = defineOp<[x: Value], { repeats: readonly number[] }>({
  name: 'Tile',
  shape: ([x], { repeats }) => [
    like(
      x,
      x.shape.map((dim, axis) => timesDim(dim, repeats[axis]!)),
    ),
  ],
  expand: ({ inputs: [x], attributes: { repeats } }) => {
    const columns = reshape(
      x,
      x.shape.flatMap((dim) => [1, dim]),
    );
    const stretched = expand(
      columns,
      x.shape.flatMap((dim, axis) => [repeats[axis]!, dim]),
    );
    return [
      reshape(
        stretched,
        x.shape.map((dim, axis) => timesDim(dim, repeats[axis]!)),
      ),
    ];
  },
  cases: [
    { inputs: [[3]], attributes: { repeats: [2] } },
    { inputs: [[2, 3]], attributes: { repeats: [1, 3] } },
    { inputs: [[2, 1, 2]], attributes: { repeats: [2, 2, 1] } },
  ],
});
