import { add, hardSigmoid, mul, step } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';

const PYTORCH = { alpha: 1 / 6, beta: 0.5 };

/** y = x · hardSigmoid(x) (Howard et al. 2019); dy/dx = hardSigmoid(x), and x/6 more where |x| < 3, that is x² < 9. */
export const hardSwish = defineOp<[x: Value]>({
  name: 'HardSwish',
  shape: ([x]) => [like(x)],
  vjp: ({ inputs: [x] }, [dy]) => [
    () => {
      const slope = mul(mul(x, 1 / 6), step(mul(x, x), { below: 9 }));
      return mul(dy!, add(hardSigmoid(x, PYTORCH), slope));
    },
  ],
  expand: ({ inputs: [x] }) => [mul(x, hardSigmoid(x, PYTORCH))],
  cases: [
    { inputs: [{ shape: [2, 2], values: [-4, -1, 2, 5] }] },
    { inputs: [{ shape: [4], values: [-2.9, -0.1, 0.1, 2.9] }] },
    { inputs: [{ shape: [1, 3, 1], values: [-3.5, 0, 3.5] }] },
  ],
});
