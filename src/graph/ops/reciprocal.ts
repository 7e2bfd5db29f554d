import { mul, neg } from '../build.ts';
import { defineUnary } from '../elementwise.ts';

const positive = { from: 0.5, to: 2 };

/** y = 1/x, y′ = −y². */
export const reciprocal = defineUnary('Reciprocal', {
  gradient: (_x, y, dy) => neg(mul(dy, mul(y, y))),
  cases: [
    { inputs: [{ shape: [3], values: positive }] },
    { inputs: [{ shape: [2, 3], values: { from: -2, to: -0.5 } }] },
    { inputs: [{ shape: [2, 3, 2], values: positive }] },
  ],
});
