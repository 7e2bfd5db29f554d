import { add, div, mul } from '../build.ts';
import { defineUnary } from '../elementwise.ts';

/** atan′ = 1 / (1 + x²). */
export const atan = defineUnary('Atan', { gradient: (x, _y, dy) => div(dy, add(mul(x, x), 1)), flops: 10 });
