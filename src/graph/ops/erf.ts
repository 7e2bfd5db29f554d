import { exp, mul, neg } from '../build.ts';
import { defineUnary } from '../elementwise.ts';

/** erf′(x) = 2/√π · exp(−x²). */
export const erf = defineUnary('Erf', {
  gradient: (x, _y, dy) => mul(dy, mul(exp(neg(mul(x, x))), 2 / Math.sqrt(Math.PI))),
  flops: 15,
});
