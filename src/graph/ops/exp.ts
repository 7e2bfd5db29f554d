import { mul } from '../build.ts';
import { defineUnary } from '../elementwise.ts';

export const exp = defineUnary('Exp', { gradient: (_x, y, dy) => mul(dy, y), flops: 10 });
