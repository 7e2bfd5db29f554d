import { defineComparison } from '../elementwise.ts';

const int = (shape: number[], values: number[]) => ({ shape, values, dtype: 'int32', frozen: true }) as const;

export const equal = defineComparison('Equal', {
  cases: [
    { inputs: [int([3], [1, 2, 3]), int([3], [1, 0, 3])] },
    { inputs: [int([2, 1], [0, 1]), int([3], [0, 1, 2])], why: 'one-hot' },
    { inputs: [int([], [1]), int([2], [1, 2])] },
  ],
});
