import { defineUnary } from '../elementwise.ts';

/**
 * y = x·Φ(x) (Hendrycks & Gimpel 2016), with the exact Φ(x) = (1 + erf(x/√2)) / 2. Its gradient is an op of its own, gelu-gradient.ts.
 */
export const gelu = defineUnary('Gelu', {
  gradient: (x, y, dy) => x.graph.apply('GeluGradient', [x, y, dy])[0]!,
  inTensorFlow: (w, x) => {
    const erf = w.typed('Erf', [w.typed('Mul', [x, w.scalar(Math.SQRT1_2, x.dtype)])]);
    const half = w.typed('Mul', [x, w.scalar(0.5, x.dtype)]);
    return w.typed('Mul', [half, w.typed('AddV2', [erf, w.scalar(1, x.dtype)])]);
  },
  flops: 20,
});
