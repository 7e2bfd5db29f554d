import { div, mul } from '../build.ts';
import { defineUnary } from '../elementwise.ts';

const positive = { from: 0.5, to: 2 };

export const sqrt = defineUnary('Sqrt', {
  gradient: (_x, y, dy) => div(mul(dy, 0.5), y),
  cases: [
    { inputs: [{ shape: [3], values: positive }] },
    { inputs: [{ shape: [2, 3], values: positive }] },
    { inputs: [{ shape: [2, 3, 2], values: positive }] },
  ],
});
