import { add, erf, exp, mul } from '../build.ts';
import { defineUnary } from '../elementwise.ts';

/** y = x·Φ(x) (Hendrycks & Gimpel 2016), exact: Φ(x) = (1 + erf(x/√2)) / 2. dy/dx = Φ(x) + x·φ(x). */
export const gelu = defineUnary('Gelu', {
  gradient: (x, _y, dy) => {
    const cumulative = add(mul(erf(mul(x, Math.SQRT1_2)), 0.5), 0.5);
    const density = exp(add(mul(mul(x, x), -0.5), -0.5 * Math.log(2 * Math.PI)));
    return mul(dy, add(cumulative, mul(x, density)));
  },
  flops: 20,
});
