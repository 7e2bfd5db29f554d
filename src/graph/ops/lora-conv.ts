import { add, conv, gemm, mul, reduceSum, reshape } from '../build.ts';
import type { ConvOptions } from '../build.ts';
import { convInputGradient, convWeightGradient, narrowConv, POINTWISE } from '../convolution.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { elements } from '../shape.ts';
import { convShape } from './conv.ts';

type Inputs = [x: Value, weight: Value, bias: Value | undefined, a: Value, b: Value];

interface LoraConvAttributes extends ConvOptions {
  readonly scale: number;
  /** See LoraLinear; a merged weight is no constant, which costs ONNX Runtime its blocked layout. Of no effect with groups. */
  readonly merged: boolean;
  /** The gradient by x is that of the merged weight; not if left out. Likewise. */
  readonly mergedGradient?: boolean;
  /** The adapter's gradients are read off that of the whole weight; not if left out. Likewise. */
  readonly wholeGradient?: boolean;
}

/**
 * A convolution with its adapter, as PEFT has it: y = conv(x, W) + b + scale · conv₁ₓ₁(conv(x, A), B) with W (out, in / groups, kh, kw)
 * frozen, A (r, in, kh, kw) of the layer's own kernel, stride and padding, which sees all channels, and B (out, r / groups, 1, 1).
 *
 * The second output is z = conv(x, A), which the gradient reuses. With dz = scale·Bᵀdy the gradients stay low-rank: dA is the weight gradient
 * of a convolution to r channels, dB a product of dy with z, and dx has a part from W, which is frozen and so a constant turned either way,
 * and one from A; or it comes from W′ at once, whatever the form forward. Of few channels it is cheaper to form dW′, which saves z, dz and
 * the products with them: dA = scale·Bᵀ·dW′ and dB = scale·dW′·Aᵀ.
 */
export const loraConv = defineOp<Inputs, LoraConvAttributes>({
  name: 'LoraConv',
  shape: ([x, weight, , a], attributes) => [
    like(x, convShape(x.shape, weight.shape, attributes)),
    like(x, convShape(x.shape, a.shape, { ...attributes, groups: 1 })),
  ],
  vjp: ({ inputs: [x, weight, bias, a, b], outputs: [, z], attributes }, [dy]) => {
    const { scale, mergedGradient, wholeGradient, whole, down, up } = parts(attributes);
    let [sharedZ, sharedW]: (Value | undefined)[] = [];
    const dz = (): Value => (sharedZ ??= convInputGradient(dy!, mul(b, scale), z!, up));
    const dW = (): Value => (sharedW ??= matrix(convWeightGradient(x, dy!, weight, whole)));
    const [dA, dB] = wholeGradient
      ? [
          () => reshape(gemm(matrix(b), dW(), undefined, { transA: true, alpha: scale }), a.shape),
          () => reshape(gemm(dW(), matrix(a), undefined, { transB: true, alpha: scale }), b.shape),
        ]
      : [() => convWeightGradient(x, dz(), a, down), () => mul(convWeightGradient(z!, dy!, b, up), scale)];
    return [
      () =>
        mergedGradient
          ? convInputGradient(dy!, mergedWeight(weight, a, b, scale), x, whole, true)
          : add(convInputGradient(dy!, weight, x, whole), convInputGradient(dz(), a, x, down)),
      undefined,
      bias && (() => reduceSum(dy!, { axes: [0, 2, 3] })),
      dA,
      dB,
    ];
  },
  expand: ({ inputs: [x, weight, bias, a, b], attributes }) => {
    const { scale, merged, whole, down, up } = parts(attributes);
    const z = narrowConv(x, a, down);
    if (!merged) return [add(conv(x, weight, bias, whole), conv(z, mul(b, scale), undefined, up)), z];
    return [conv(x, mergedWeight(weight, a, b, scale), bias, whole), z];
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
      inputs: [[1, 4, 6, 5], frozen(2, 4, 3, 3), undefined, [1, 4, 3, 3], [2, 1, 1, 1]],
      attributes: options({ mergedGradient: true, strides: [2, 2], pads: [1, 1, 1, 1] }),
      why: 'dx by W′, with a stride',
    },
    {
      inputs: [[2, 3, 4, 4], frozen(4, 3, 3, 3), [4], [2, 3, 3, 3], [4, 2, 1, 1]],
      attributes: options({ mergedGradient: true, pads: [1, 1, 1, 1] }),
      why: 'dx by W′, turned',
    },
    {
      inputs: [[2, 3, 4, 4], frozen(4, 3, 3, 3), [4], [2, 3, 3, 3], [4, 2, 1, 1]],
      attributes: options({ merged: true, mergedGradient: true, wholeGradient: true, pads: [1, 1, 1, 1] }),
      why: 'dA and dB by dW′',
    },
    {
      inputs: [[2, 4, 3, 3], frozen(3, 4, 1, 1), [3], [2, 4, 1, 1], [3, 2, 1, 1]],
      attributes: options({ wholeGradient: true }),
      why: 'dA and dB by dW′ alone, pointwise',
    },
    {
      inputs: [[2, 4, 3, 3], frozen(3, 4, 1, 1), [3], [2, 4, 1, 1], [3, 2, 1, 1]],
      attributes: options({ merged: true }),
      why: 'pointwise',
    },
    {
      inputs: [[2, 4, 3, 4], frozen(6, 2, 3, 3), [6], [2, 4, 3, 3], [6, 1, 1, 1]],
      attributes: options({ merged: true, groups: 2, pads: [1, 1, 1, 1] }),
      why: 'groups',
    },
  ],
});

/** (out, …) as a matrix of `out` rows. */
const matrix = (value: Value): Value => reshape(value, [value.shape[0]!, elements(value.shape.slice(1))]);

/** W′ = W + scale·B·A, of a layer without groups. */
function mergedWeight(weight: Value, a: Value, b: Value, scale: number): Value {
  return reshape(gemm(matrix(b), matrix(a), matrix(weight), { alpha: scale }), weight.shape);
}

/** The options of W, of A and of B. Of a layer with groups B·A has not W's shape, so nothing can be merged. */
function parts({ scale, merged, mergedGradient = false, wholeGradient = false, ...whole }: LoraConvAttributes) {
  const { groups } = whole;
  const isWhole = groups === 1;
  return {
    scale,
    merged: merged && isWhole,
    mergedGradient: mergedGradient && isWhole,
    wholeGradient: wholeGradient && isWhole,
    whole,
    down: { ...whole, groups: 1 },
    up: { ...POINTWISE, groups },
  };
}

function options(given: Partial<LoraConvAttributes>): LoraConvAttributes {
  return { ...POINTWISE, scale: 0.5, merged: false, ...given };
}

function frozen(...shape: number[]) {
  return { shape, frozen: true } as const;
}
