import { defineUnary } from '../elementwise.ts';

/**
 * y = x·Φ(x) (Hendrycks & Gimpel 2016), with the exact Φ(x) = (1 + erf(x/√2)) / 2. Its gradient is an op of its own, gelu-gradient.ts.
 */
export const gelu = defineUnary('Gelu', {
  gradient: (x, y, dy) => x.graph.apply('GeluGradient', [x, y, dy])[0]!,
  flops: 20,
});
