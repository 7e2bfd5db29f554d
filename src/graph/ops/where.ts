import { cast, mul, not, unbroadcast } from '../build.ts';
import { defineOp, sameInOnnx } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { broadcast } from '../shape.ts';

/** a where the condition holds, else b, broadcasting all three. */
export const where = defineOp<[condition: Value, a: Value, b: Value]>({
  name: 'Where',
  shape: ([condition, a, b]) => [like(a, broadcast(condition.shape, broadcast(a.shape, b.shape)))],
  // A product with 0 or 1: ONNX Runtime's Where takes six times as long.
  vjp: ({ inputs: [condition, a, b] }, [dy]) => [
    undefined,
    () => unbroadcast(mul(dy!, cast(condition, 'float32')), a.shape),
    () => unbroadcast(mul(dy!, cast(not(condition), 'float32')), b.shape),
  ],
  onnx: sameInOnnx('Where'),
  tensorflow: (w, { operands: [condition, a, b] }) =>
    w.node('SelectV2', [condition, a, b], { T: { type: a.dtype } }, a.dtype),
  cases: [
    { inputs: [{ shape: [3], dtype: 'bool', values: [0, 1, 1] }, [3], [3]] },
    { inputs: [{ shape: [2, 1], dtype: 'bool', values: [0, 1] }, [2, 3], []], why: 'all are stretched but one' },
    { inputs: [{ shape: [2, 2], dtype: 'bool', values: [0, 1, 0, 0] }, [2], [2, 2, 2]] },
  ],
});
