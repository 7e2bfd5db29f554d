import { mul, sign } from '../build.ts';
import { AROUND_ZERO, defineUnary } from '../elementwise.ts';

export const abs = defineUnary('Abs', { gradient: (x, _y, dy) => mul(dy, sign(x)), cases: AROUND_ZERO });
