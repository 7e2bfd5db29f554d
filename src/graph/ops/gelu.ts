import { add, div, exp, mul, sub } from '../build.ts';
import { defineUnary } from '../elementwise.ts';

/** Far below any activation, so that adding it to one changes no bit. */
const TINY = 1e-35;

/**
 * y = x·Φ(x) (Hendrycks & Gimpel 2016), with the exact Φ(x) = (1 + erf(x/√2)) / 2. dy/dx = Φ(x) + x·φ(x).
 * Φ is read off y as y / x: ONNX Runtime computes Gelu on all cores but Erf on one. TINY gives Φ(0) its value ½.
 */
export const gelu = defineUnary('Gelu', {
  gradient: (x, y, dy) => {
    const cumulative = div(add(y, TINY / 2), add(x, TINY));
    // x·φ(x) = a·exp(ln(1/√π) − a²) with a = x/√2.
    const a = mul(x, Math.SQRT1_2);
    const tilt = mul(a, exp(sub(-Math.log(Math.PI) / 2, mul(a, a))));
    return mul(dy, add(cumulative, tilt));
  },
  flops: 20,
});
