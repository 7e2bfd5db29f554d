import { defineComparison } from '../elementwise.ts';

const bool = (shape: number[], values: number[]) => ({ shape, values, dtype: 'bool' }) as const;

export const and = defineComparison('And', {
  tensorflow: 'LogicalAnd',
  cases: [
    { inputs: [bool([4], [0, 0, 1, 1]), bool([4], [0, 1, 0, 1])] },
    { inputs: [bool([2, 1], [0, 1]), bool([2], [0, 1])] },
    { inputs: [bool([], [1]), bool([2], [0, 1])] },
  ],
});
