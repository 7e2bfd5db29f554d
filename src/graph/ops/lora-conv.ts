import { add, conv, gemm, matmul, mul, reduceSum, reshape, transpose } from '../build.ts';
import type { ConvOptions } from '../build.ts';
import { convInputGradient, convWeightGradient } from '../convolution.ts';
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

const POINTWISE: ConvOptions = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], groups: 1 };

/**
 * A convolution with its adapter, as PEFT has it: y = conv(x, W) + b + scale · conv₁ₓ₁(conv(x, A), B) with A (r, in, kh, kw) of the
 * layer's own kernel, stride and padding, and B (out, r, 1, 1). W (out, in, kh, kw) is frozen; groups are skipped by targets.ts.
 *
 * The second output is what the gradient reuses: W′ of the merged form, z = conv(x, A) of the side path. With dz = scale·Bᵀdy the
 * gradients stay low-rank: dA is the weight gradient of a convolution to r channels, dB a product of dy with z.
 */
export const loraConv = defineOp<Inputs, LoraConvAttributes>({
  name: 'LoraConv',
  shape: ([x, weight, , a], attributes) => [
    like(x, convShape(x.shape, weight.shape, attributes)),
    attributes.merged ? like(weight) : like(x, convShape(x.shape, a.shape, attributes)),
  ],
  vjp: ({ inputs: [x, weight, bias, a, b], outputs: [, kept], attributes }, [dy]) => {
    const { scale, merged } = attributes;
    let shared: Value | undefined;
    const dz = (): Value => (shared ??= mul(conv(dy!, transpose(b, [1, 0, 2, 3]), undefined, POINTWISE), scale));
    return [
      () =>
        merged
          ? convInputGradient(dy!, kept!, x, attributes)
          : add(convInputGradient(dy!, weight, x, attributes), convInputGradient(dz(), a, x, attributes)),
      undefined,
      bias && (() => reduceSum(dy!, { axes: [0, 2, 3] })),
      () => convWeightGradient(x, dz(), a, attributes),
      () => {
        const z = merged ? conv(x, a, undefined, attributes) : kept!;
        const product = matmul(pixels(dy!), pixels(z), { transB: true, alpha: scale });
        return reshape(reduceSum(product, { axes: [0] }), b.shape);
      },
    ];
  },
  expand: ({ inputs: [x, weight, bias, a, b], attributes }) => {
    const { scale, merged } = attributes;
    if (merged) {
      const effective = reshape(gemm(asMatrix(b), asMatrix(a), asMatrix(weight), { alpha: scale }), weight.shape);
      return [conv(x, effective, bias, attributes), effective];
    }
    const z = conv(x, a, undefined, attributes);
    return [add(conv(x, weight, bias, attributes), conv(z, mul(b, scale), undefined, POINTWISE)), z];
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

/** [N, C, H, W] → [N, C, H·W]. */
function pixels(x: Value): Value {
  return reshape(x, [...x.shape.slice(0, 2), elements(x.shape.slice(2))]);
}

function asMatrix(weight: Value): Value {
  return reshape(weight, [weight.shape[0]!, elements(weight.shape.slice(1))]);
}

function options(given: Partial<LoraConvAttributes>): LoraConvAttributes {
  return { ...POINTWISE, scale: 0.5, merged: false, ...given };
}

function frozen(...shape: number[]) {
  return { shape, frozen: true } as const;
}
