import { add, mul, reduceSum, reshape, sqrt, sub, div } from '../build.ts';
import { defineOp } from '../define.ts';
import type { TensorFlowValue } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';

type Inputs = [x: Value, scale: Value, bias: Value, mean: Value, variance: Value];

/**
 * Frozen batch normalisation over axis 1: y = (x − mean) / √(variance + ε) ∘ scale + bias with the running statistics, which are never
 * trained; scale and bias can be.
 */
export const batchNormalization = defineOp<Inputs, { epsilon: number }>({
  name: 'BatchNormalization',
  shape: ([x]) => [like(x)],
  vjp: ({ inputs: [x, scale, , mean, variance], attributes: { epsilon } }, [dy]) => {
    const channel = (value: Value): Value =>
      reshape(
        value,
        x.shape.map((dim, axis) => (axis === 1 ? dim : 1)),
      );
    const deviation = channel(sqrt(add(variance, epsilon)));
    const others = [...x.shape.keys()].filter((axis) => axis !== 1);
    return [
      () => mul(dy!, div(channel(scale), deviation)),
      () => reduceSum(mul(dy!, div(sub(x, channel(mean)), deviation)), { axes: others }),
      () => reduceSum(dy!, { axes: others }),
      undefined,
      undefined,
    ];
  },
  onnx: (w, { names, results, attributes: { epsilon } }) => {
    w.node('BatchNormalization', names, results, { epsilon: { float: epsilon } });
  },
  tensorflow: (w, { operands: [x, scale, bias, mean, variance], inputs: [{ shape }], attributes: { epsilon } }) => {
    const perChannel = (value: TensorFlowValue): TensorFlowValue =>
      w.reshape(
        value,
        shape.map((dim, axis) => (axis === 1 ? dim : 1)),
      );
    const inverse = w.typed('Rsqrt', [w.typed('AddV2', [variance, w.scalar(epsilon, variance.dtype)])]);
    const factor = w.typed('Mul', [scale, inverse]);
    const shift = w.typed('Sub', [bias, w.typed('Mul', [mean, factor])]);
    return w.typed('AddV2', [w.typed('Mul', [x, perChannel(factor)]), perChannel(shift)]);
  },
  flops: ([x]) => 2 * x!.reduce((size, dim) => size * dim, 1),
  cases: [
    { inputs: [[2, 3, 2, 2], [3], [3], frozen(3), frozen(3)], attributes: { epsilon: 1e-5 } },
    { inputs: [[3, 2], [2], [2], frozen(2), frozen(2)], attributes: { epsilon: 1e-3 } },
    { inputs: [[1, 4, 3, 2], [4], [4], frozen(4), frozen(4)], attributes: { epsilon: 1e-5 } },
  ],
});

function frozen(channels: number) {
  return { shape: [channels], values: { from: 0.5, to: 1.5 }, frozen: true } as const;
}
