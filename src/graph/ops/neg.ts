import { neg as minus } from '../build.ts';
import { defineUnary } from '../elementwise.ts';

export const neg = defineUnary('Neg', { gradient: (_x, _y, dy) => minus(dy) });
