import { div as over, mul, neg } from '../build.ts';
import { defineBinary } from '../elementwise.ts';

/** y = a / b, so dy/db = −a / b² = −y / b. */
export const div = defineBinary('Div', {
  gradients: [(_a, b, _y, dy) => over(dy, b), (_a, b, y, dy) => neg(over(mul(dy, y), b))],
  cases: [
    { inputs: [[3], { shape: [3], values: { from: 0.5, to: 2 } }] },
    { inputs: [[2, 3, 4], { shape: [4], values: { from: 0.5, to: 2 } }] },
    { inputs: [[2, 1, 4], { shape: [3, 1], values: { from: -2, to: -0.5 } }] },
  ],
});
