import { div, mul, reduceSum, reshape, sqrt } from '../build.ts';
import { defineOp } from '../define.ts';
import type { Value } from '../ir.ts';
import { keptShape, REDUCTION_CASES, reductionShape } from '../reduction.ts';
import type { ReductionAttributes } from '../reduction.ts';

/** y = √Σx², dy/dx = x / y. */
export const reduceL2 = defineOp<[x: Value], ReductionAttributes>({
  name: 'ReduceL2',
  shape: reductionShape,
  vjp: ({ inputs: [x], outputs: [y], attributes: { axes } }, [dy]) => [
    () => mul(x, reshape(div(dy!, y!), keptShape(x, axes))),
  ],
  expand: ({ inputs: [x], attributes }) => [sqrt(reduceSum(mul(x, x), attributes))],
  cases: REDUCTION_CASES,
});
