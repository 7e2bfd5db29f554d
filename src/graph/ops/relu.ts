import { mul, step } from '../build.ts';
import { AROUND_ZERO, defineUnary } from '../elementwise.ts';

/** The gradient at 0 is 0, and is read off y: x need not be kept. */
export const relu = defineUnary('Relu', {
  gradient: (_x, y, dy) => mul(dy, step(y, { above: 0 })),
  cases: AROUND_ZERO,
});
