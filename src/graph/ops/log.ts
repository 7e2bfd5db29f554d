import { div } from '../build.ts';
import { defineUnary } from '../elementwise.ts';

const positive = { from: 0.5, to: 2 };

export const log = defineUnary('Log', {
  gradient: (x, _y, dy) => div(dy, x),
  flops: 10,
  cases: [
    { inputs: [{ shape: [3], values: positive }] },
    { inputs: [{ shape: [2, 3], values: positive }] },
    { inputs: [{ shape: [2, 3, 2], values: positive }] },
  ],
});
