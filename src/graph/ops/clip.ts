import { mul, step } from '../build.ts';
import type { ClipOptions } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';

/** x held between min and max; ReLU6 is clip(x, 0, 6). The gradient passes strictly between them, and is read off y. */
export const clip = defineOp<[x: Value], ClipOptions>({
  name: 'Clip',
  shape: ([x]) => [like(x)],
  vjp: ({ outputs: [y], attributes: { min, max } }, [dy]) => [
    () => {
      const above = min === undefined ? dy! : mul(dy!, step(y!, { above: min }));
      return max === undefined ? above : mul(above, step(y!, { below: max }));
    },
  ],
  onnx: (w, { names: [x], results, inputs: [{ dtype }], attributes: { min, max } }) => {
    const bound = (limit: number | undefined): string => (limit === undefined ? '' : w.scalar(limit, dtype));
    w.node('Clip', [x, bound(min), bound(max)], results);
  },
  tensorflow: (w, { operands: [x], attributes: { min, max } }) => {
    const above = min === undefined ? x : w.typed('Maximum', [x, w.scalar(min, x.dtype)]);
    return max === undefined ? above : w.typed('Minimum', [above, w.scalar(max, x.dtype)]);
  },
  cases: [
    { inputs: [{ shape: [2, 3], values: [-1, 0.5, 3, 5.9, 6.1, 8] }], attributes: { min: 0, max: 6 } },
    { inputs: [{ shape: [4], values: [-1, 0.2, 0.4, 2] }], attributes: { min: 0.3 } },
    { inputs: [{ shape: [2, 2], values: [-1, 0.2, 0.4, 2] }], attributes: { max: 0.3 } },
  ],
});
