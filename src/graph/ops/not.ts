import { defineUnary } from '../elementwise.ts';

const bool = (shape: number[], values: number[]) => ({ shape, values, dtype: 'bool' }) as const;

export const not = defineUnary('Not', {
  inTensorFlow: (w, x) => w.node('LogicalNot', [x]),
  cases: [{ inputs: [bool([2], [0, 1])] }, { inputs: [bool([2, 2], [0, 1, 1, 0])] }, { inputs: [bool([], [1])] }],
});
