import { add, conv, gemm, mul, reduceSum, reshape, transpose } from '../build.ts';
import type { ConvOptions } from '../build.ts';
import { convInputGradient, convWeightGradient, narrowConv, pointwise, POINTWISE } from '../convolution.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { elements } from '../shape.ts';
import { convShape } from './conv.ts';

type Inputs = [x: Value, weight: Value, bias: Value | undefined, a: Value, b: Value];

interface LoraConvAttributes extends ConvOptions {
  readonly scale: number;
  /** See LoraLinear; a merged weight is no constant, which costs ONNX Runtime its blocked layout. */
  readonly merged: boolean;
}

/**
 * A convolution with its adapter, as PEFT has it: y = conv(x, W) + b + scale · conv₁ₓ₁(conv(x, A), B) with A (r, in, kh, kw) of the
 * layer's own kernel, stride and padding, and B (out, r, 1, 1). W (out, in, kh, kw) is frozen; groups are skipped by targets.ts.
 *
 * The second output is z = conv(x, A), which the gradient reuses. With dz = scale·Bᵀdy the gradients stay low-rank: dA is the weight gradient
 * of a convolution to r channels, dB a product of dy with z, and dx has a part from W, which is frozen and so a constant turned either way,
 * and one from A. Even of the merged form: turning W′ at each step costs more than A's part.
 */
export const loraConv = defineOp<Inputs, LoraConvAttributes>({
  name: 'LoraConv',
  shape: ([x, weight, , a], attributes) => [
    like(x, convShape(x.shape, weight.shape, attributes)),
    like(x, convShape(x.shape, a.shape, attributes)),
  ],
  vjp: ({ inputs: [x, weight, bias, a, b], outputs: [, z], attributes }, [dy]) => {
    const { scale } = attributes;
    let shared: Value | undefined;
    const dz = (): Value => (shared ??= pointwise(dy!, mul(transpose(b, [1, 0, 2, 3]), scale)));
    return [
      () => add(convInputGradient(dy!, weight, x, attributes), convInputGradient(dz(), a, x, attributes)),
      undefined,
      bias && (() => reduceSum(dy!, { axes: [0, 2, 3] })),
      () => convWeightGradient(x, dz(), a, attributes),
      () => mul(convWeightGradient(z!, dy!, b, POINTWISE), scale),
    ];
  },
  expand: ({ inputs: [x, weight, bias, a, b], attributes }) => {
    const { scale, merged } = attributes;
    const z = narrowConv(x, a, attributes);
    if (!merged) return [add(conv(x, weight, bias, attributes), pointwise(z, mul(b, scale))), z];
    const matrix = (value: Value): Value => reshape(value, [value.shape[0]!, elements(value.shape.slice(1))]);
    const effective = reshape(gemm(matrix(b), matrix(a), matrix(weight), { alpha: scale }), weight.shape);
    return [conv(x, effective, bias, attributes), z];
  },
  cases: [
    {
      inputs: [[2, 3, 4, 4], frozen(4, 3, 3, 3), [4], [2, 3, 3, 3], [4, 2, 1, 1]],
      attributes: options({ pads: [1, 1, 1, 1] }),
    },
    {
      inputs: [[2, 3, 4, 4], frozen(4, 3, 3, 3), [4], [2, 3, 3, 3], [4, 2, 1, 1]],
      attributes: options({ merged: true, pads: [1, 1, 1, 1] }),
    },
    {
      inputs: [[1, 4, 5, 5], frozen(2, 4, 3, 3), undefined, [1, 4, 3, 3], [2, 1, 1, 1]],
      attributes: options({ strides: [2, 2], pads: [1, 1, 1, 1] }),
    },
    {
      inputs: [[2, 4, 3, 3], frozen(3, 4, 1, 1), [3], [2, 4, 1, 1], [3, 2, 1, 1]],
      attributes: options({ merged: true }),
      why: 'pointwise',
    },
  ],
});

function options(given: Partial<LoraConvAttributes>): LoraConvAttributes {
  return { ...POINTWISE, scale: 0.5, merged: false, ...given };
}

function frozen(...shape: number[]) {
  return { shape, frozen: true } as const;
}
