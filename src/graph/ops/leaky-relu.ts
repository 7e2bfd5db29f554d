import { add, mul, step } from '../build.ts';
import { defineOp } from '../define.ts';
import { AROUND_ZERO } from '../elementwise.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';

/** y = x where x > 0, else alpha · x. */
export const leakyRelu = defineOp<[x: Value], { alpha: number }>({
  name: 'LeakyRelu',
  shape: ([x]) => [like(x)],
  vjp: ({ inputs: [x], attributes: { alpha } }, [dy]) => [
    () => mul(dy!, add(mul(step(x, { above: 0 }), 1 - alpha), alpha)),
  ],
  onnx: (w, { names, results, attributes: { alpha } }) => {
    w.node('LeakyRelu', names, results, { alpha: { float: alpha } });
  },
  tensorflow: (w, { operands: [x], attributes: { alpha } }) => w.typed('LeakyRelu', [x], { alpha: { float: alpha } }),
  cases: [
    { ...AROUND_ZERO[0], attributes: { alpha: 0.01 } },
    { ...AROUND_ZERO[1], attributes: { alpha: 0.2 } },
    { ...AROUND_ZERO[2], attributes: { alpha: 0 } },
  ],
});
