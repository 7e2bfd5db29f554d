import { gemm, reduceSum } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { asRows, likeRows } from '../rows.ts';
import { formatDim, sameDim, ShapeError } from '../shape.ts';

/** x·Wᵀ + b: x [..., in], W (out, in) as PyTorch stores it, b (out). */
export const linear = defineOp<[x: Value, weight: Value, bias: Value | undefined]>({
  name: 'Linear',
  shape: ([x, weight]) => {
    const [out, input] = [weight.shape[0]!, weight.shape[1]!];
    if (!sameDim(x.shape.at(-1)!, input)) {
      throw new ShapeError(
        `the weight takes ${formatDim(input)} features, the input has ${formatDim(x.shape.at(-1)!)}`,
      );
    }
    return [like(x, [...x.shape.slice(0, -1), out])];
  },
  vjp: ({ inputs: [x, weight, bias] }, [dy]) => [
    () => likeRows(gemm(asRows(dy!), weight), x),
    () => gemm(asRows(dy!), asRows(x), undefined, { transA: true }),
    bias && (() => reduceSum(asRows(dy!), { axes: [0] })),
  ],
  expand: ({ inputs: [x, weight, bias] }) => [likeRows(gemm(asRows(x), weight, bias, { transB: true }), x)],
  cases: [
    { inputs: [[2, 3], [4, 3], [4]] },
    { inputs: [[2, 5, 3], [4, 3], undefined], why: 'tokens, no bias' },
    { inputs: [[1, 3], [1, 3], [1]] },
  ],
});
