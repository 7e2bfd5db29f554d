import { mul, sub } from '../build.ts';
import { defineUnary } from '../elementwise.ts';

/** σ′ = σ·(1 − σ). */
export const sigmoid = defineUnary('Sigmoid', { gradient: (_x, y, dy) => mul(dy, mul(y, sub(1, y))), flops: 10 });
