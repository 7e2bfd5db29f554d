import { mul, sub } from '../build.ts';
import { defineUnary } from '../elementwise.ts';

/** tanh′ = 1 − tanh². */
export const tanh = defineUnary('Tanh', { gradient: (_x, y, dy) => mul(dy, sub(1, mul(y, y))), flops: 10 });
