import { defineUnary } from '../elementwise.ts';

/** To the nearest integer, halves to the even one. */
export const round = defineUnary('Round', {
  cases: [
    { inputs: [{ shape: [4], values: [-1.7, -0.3, 0.3, 1.7] }] },
    { inputs: [{ shape: [2, 2], values: [2.2, -2.2, 0.9, -0.9] }] },
    { inputs: [{ shape: [], values: [1.25] }] },
  ],
});
