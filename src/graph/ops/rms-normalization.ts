import { add, div, mul, reduceMean, reduceSum, sqrt, sub } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';

/**
 * Over the last axis (Zhang & Sennrich 2019): y = x·inverse ∘ scale with inverse = 1 / √(mean(x²) + ε).
 * dx = inverse · (g − x̂ · mean(g ∘ x̂)) with x̂ = x·inverse and g = dy ∘ scale: a LayerNormalization without its means.
 */
export const rmsNormalization = defineOp<[x: Value, scale: Value], { epsilon: number }>({
  name: 'RMSNormalization',
  shape: ([x]) => [like(x)],
  vjp: ({ inputs: [x, scale], attributes: { epsilon } }, [dy]) => {
    const normal = (): Value => mul(x, inverse(x, epsilon));
    return [
      () => {
        const g = mul(dy!, scale);
        const along = reduceMean(mul(g, normal()), { axes: [-1], keepDims: true });
        return mul(sub(g, mul(normal(), along)), inverse(x, epsilon));
      },
      () => reduceSum(mul(dy!, normal()), { axes: x.shape.slice(0, -1).map((_, axis) => axis) }),
    ];
  },
  expand: ({ inputs: [x, scale], attributes: { epsilon } }) => [mul(mul(x, inverse(x, epsilon)), scale)],
  cases: [
    { inputs: [[2, 4], [4]], attributes: { epsilon: 1e-6 } },
    { inputs: [[2, 3, 4], [4]], attributes: { epsilon: 1e-5 } },
    { inputs: [[1, 2, 1, 3], [3]], attributes: { epsilon: 0.1 } },
  ],
});

/** Written by both passes; passes/share-common.ts leaves one. */
function inverse(x: Value, epsilon: number): Value {
  return div(1, sqrt(add(reduceMean(mul(x, x), { axes: [-1], keepDims: true }), epsilon)));
}
