import { mul, step } from '../build.ts';
import type { HardSigmoidOptions } from '../build.ts';
import { defineOp } from '../define.ts';
import type { TensorFlowValue } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';

/** y = min(1, max(0, alpha·x + beta)); 1/6 and 1/2 in PyTorch. */
export const hardSigmoid = defineOp<[x: Value], HardSigmoidOptions>({
  name: 'HardSigmoid',
  shape: ([x]) => [like(x)],
  vjp: ({ outputs: [y], attributes: { alpha } }, [dy]) => [
    () => mul(mul(dy!, step(y!, { above: 0 })), mul(step(y!, { below: 1 }), alpha)),
  ],
  onnx: (w, { names, results, attributes: { alpha, beta } }) => {
    w.node('HardSigmoid', names, results, { alpha: { float: alpha }, beta: { float: beta } });
  },
  tensorflow: (w, { operands: [x], attributes: { alpha, beta } }) => {
    const scalar = (value: number): TensorFlowValue => w.scalar(value, x.dtype);
    const line = w.typed('AddV2', [w.typed('Mul', [x, scalar(alpha)]), scalar(beta)]);
    return w.typed('Minimum', [w.typed('Maximum', [line, scalar(0)]), scalar(1)]);
  },
  flops: ([x]) => 2 * x!.reduce((size, dim) => size * dim, 1),
  cases: [
    { inputs: [{ shape: [2, 2], values: [-4, -1, 2, 5] }], attributes: { alpha: 1 / 6, beta: 0.5 } },
    { inputs: [{ shape: [4], values: [-3, -1, 1, 3] }], attributes: { alpha: 0.2, beta: 0.5 } },
    { inputs: [{ shape: [1, 3, 1], values: [-2, 0, 2.8] }], attributes: { alpha: 1 / 6, beta: 0.5 } },
  ],
});
