import { defineOp, noGradient, sameInOnnx } from '../define.ts';
import type { Value } from '../ir.ts';
import { broadcast } from '../shape.ts';

const int = (shape: number[], values: number[]) => ({ shape, values, dtype: 'int32', frozen: true }) as const;

export const equal = defineOp<[a: Value, b: Value]>({
  name: 'Equal',
  shape: ([a, b]) => [{ shape: broadcast(a.shape, b.shape), dtype: 'bool' }],
  vjp: noGradient,
  onnx: sameInOnnx('Equal'),
  cases: [
    { inputs: [int([3], [1, 2, 3]), int([3], [1, 0, 3])] },
    { inputs: [int([2, 1], [0, 1]), int([3], [0, 1, 2])], why: 'one-hot' },
    { inputs: [int([], [1]), int([2], [1, 2])] },
  ],
});
