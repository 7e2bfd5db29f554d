import { add, div, erf, exp, mul, sub } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { isHalfType } from '../tensor.ts';

/** Far below any activation, so that adding it to one changes no bit. */
const TINY = 1e-35;

/**
 * dx = dy·(Φ(x) + x·φ(x)) of y = Gelu(x), with x·φ(x) = a·exp(ln(1/√π) − a²) and a = x/√2.
 * In float32 Φ is read off y as y / x: ONNX Runtime computes Gelu on all cores but Erf on one. TINY gives Φ(0) its value ½; as a half it
 * would be 0, and y / x has few bits left near 0, so there Φ is (1 + erf a) / 2.
 */
export const geluGradient = defineOp<[x: Value, y: Value, dy: Value]>({
  name: 'GeluGradient',
  shape: ([x]) => [like(x)],
  expand: ({ inputs: [x, y, dy] }) => {
    const a = mul(x, Math.SQRT1_2);
    const cumulative = isHalfType(x.dtype) ? mul(add(erf(a), 1), 0.5) : div(add(y, TINY / 2), add(x, TINY));
    const tilt = mul(a, exp(sub(-Math.log(Math.PI) / 2, mul(a, a))));
    return [mul(dy, add(cumulative, tilt))];
  },
  cases: [
    // As far from y / x's pole at 0 as differences reach.
    { inputs: [away([3]), [3], [3]] },
    { inputs: [away([2, 3]), [2, 3], [2, 3]] },
    { inputs: [away([2, 3, 4]), [2, 3, 4], [2, 3, 4]] },
  ],
});

function away(shape: readonly number[]) {
  return { shape, values: { from: 0.5, to: 2 } } as const;
}
