import { add, mul, sub, tanh } from '../build.ts';
import { defineOp } from '../define.ts';
import type { TensorFlowValue } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';

const C = Math.sqrt(2 / Math.PI);
const A = 0.044715;

/**
 * GELU's tanh approximation (Hendrycks & Gimpel 2016), `gelu_new` of transformers: y = x/2·(1 + t), t = tanh(C·(x + A·x³)).
 * dy/dx = (1 + t)/2 + x/2·(1 − t²)·C·(1 + 3A·x²).
 */
export const geluTanh = defineOp<[x: Value]>({
  name: 'GeluTanh',
  shape: ([x]) => [like(x)],
  vjp: ({ inputs: [x] }, [dy]) => [
    () => {
      const square = mul(x, x);
      const t = tanh(mul(x, add(mul(square, C * A), C)));
      const slope = mul(mul(x, sub(1, mul(t, t))), add(mul(square, 1.5 * C * A), C / 2));
      return mul(dy!, add(add(mul(t, 0.5), 0.5), slope));
    },
  ],
  onnx: (w, { names, results }) => {
    w.node('Gelu', names, results, { approximate: { string: 'tanh' } });
  },
  tensorflow: (w, { operands: [x] }) => {
    const times = (value: TensorFlowValue, factor: number): TensorFlowValue =>
      w.typed('Mul', [value, w.scalar(factor, x.dtype)]);
    const plus = (value: TensorFlowValue, term: number): TensorFlowValue =>
      w.typed('AddV2', [value, w.scalar(term, x.dtype)]);
    const t = w.typed('Tanh', [w.typed('Mul', [x, plus(times(w.typed('Square', [x]), C * A), C)])]);
    return w.typed('Mul', [times(x, 0.5), plus(t, 1)]);
  },
  flops: ([x]) => 15 * x!.reduce((size, dim) => size * dim, 1),
  cases: [{ inputs: [[3]] }, { inputs: [[2, 3]] }, { inputs: [[2, 3, 4]] }],
});
