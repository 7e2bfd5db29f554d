import { defineOp, noGradient, sameInOnnx, sameInTensorFlow } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';

/** y = x, and no gradient passes: DoRA's norm is detached this way. */
export const stopGradient = defineOp<[x: Value]>({
  name: 'StopGradient',
  shape: ([x]) => [like(x)],
  vjp: noGradient,
  onnx: sameInOnnx('Identity'),
  tensorflow: sameInTensorFlow('Identity'),
  alias: true,
  flops: () => 0,
  cases: [
    { inputs: [{ shape: [3], frozen: true }] },
    { inputs: [{ shape: [2, 3], frozen: true }] },
    { inputs: [{ shape: [], frozen: true }] },
  ],
});
