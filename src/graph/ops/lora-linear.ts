import { add, gemm, matmul, reduceSum, reshape, transpose } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { asRows, likeRows } from '../rows.ts';
import { elements } from '../shape.ts';

type Inputs = [x: Value, weight: Value, bias: Value | undefined, a: Value, b: Value, shift: Value | undefined];

interface LoraAttributes {
  /** alpha / r, or alpha / √r. */
  readonly scale: number;
  /** Merged: W′ = W + scale·B·A once a step. Side path: x·Aᵀ·Bᵀ beside x·Wᵀ. See passes/choose-lora-form.ts. */
  readonly merged: boolean;
}

/**
 * A linear layer with its adapter (Hu et al. 2021): y = x·Wᵀ + b + scale·(x·Aᵀ + shift)·Bᵀ, with W (out, in) frozen, A (r, in), B (out, r).
 * `shift` (r) is what passing a frozen offset of x through A adds (passes/fold-normalization.ts).
 *
 * The second output is what the gradient reuses: W′ of the merged form, u = x·Aᵀ + shift of the side path. Writing the gradient here
 * keeps it low-rank: with t = scale·dy·B it is dA = tᵀ·x and dB = scale·dyᵀ·u; dW′ is never formed.
 */
export const loraLinear = defineOp<Inputs, LoraAttributes>({
  name: 'LoraLinear',
  shape: ([x, weight, , a], { merged }) => [
    like(x, [...x.shape.slice(0, -1), weight.shape[0]!]),
    merged ? like(weight) : like(x, [elements(x.shape.slice(0, -1)), a.shape[0]!]),
  ],
  vjp: ({ inputs: [x, weight, bias, a, b, shift], outputs: [, kept], attributes: { scale, merged } }, [dy]) => {
    const rows = asRows(x);
    const dRows = asRows(dy!);
    // Memoised: three gradients share t, and none needs it when only x's is asked for in merged form.
    let shared: Value | undefined;
    const t = (): Value => (shared ??= gemm(dRows, b, undefined, { alpha: scale }));
    return [
      () => likeRows(merged ? gemm(dRows, kept!) : gemm(t(), a, gemm(dRows, weight)), x),
      undefined,
      bias && (() => reduceSum(dRows, { axes: [0] })),
      () => gemm(t(), rows, undefined, { transA: true }),
      // As its transpose: r rows of `out` columns fill the registers, `out` rows of r columns do not. Not as Gemm, since ONNX Runtime would
      // take a Gemm's transpose back into it.
      () => transpose(matmul(merged ? project(rows, a, shift) : kept!, dRows, { transA: true, alpha: scale }), [1, 0]),
      shift && (() => reduceSum(t(), { axes: [0] })),
    ];
  },
  expand: ({ inputs, attributes }) => (attributes.merged ? merge(inputs, attributes) : besides(inputs, attributes)),
  cases: [
    { inputs: [[4, 3], frozen(2, 3), [2], [2, 3], [2, 2], undefined], attributes: { scale: 2, merged: true } },
    {
      inputs: [[2, 3, 3], frozen(4, 3), undefined, [1, 3], [4, 1], undefined],
      attributes: { scale: 0.5, merged: true },
    },
    { inputs: [[4, 3], frozen(2, 3), [2], [2, 3], [2, 2], undefined], attributes: { scale: 2, merged: false } },
    {
      inputs: [[2, 3, 3], frozen(4, 3), undefined, [2, 3], [4, 2], [2]],
      attributes: { scale: 0.5, merged: false },
      why: 'shift',
    },
    {
      inputs: [[2, 3, 3], frozen(4, 3), [4], [2, 3], [4, 2], [2]],
      attributes: { scale: 0.5, merged: true },
      why: 'shift',
    },
  ],
});

/** u = x·Aᵀ + shift, (rows, r). */
function project(rows: Value, a: Value, shift: Value | undefined): Value {
  return gemm(rows, a, shift, { transB: true });
}

function merge([x, weight, bias, a, b, shift]: Inputs, { scale }: LoraAttributes): readonly Value[] {
  const merged = gemm(b, a, weight, { alpha: scale });
  const offset =
    shift && reshape(gemm(b, reshape(shift, [...shift.shape, 1]), undefined, { alpha: scale }), [b.shape[0]!]);
  const total = bias && offset ? add(bias, offset) : (bias ?? offset);
  return [likeRows(gemm(asRows(x), merged, total, { transB: true }), x), merged];
}

function besides([x, weight, bias, a, b, shift]: Inputs, { scale }: LoraAttributes): readonly Value[] {
  const rows = asRows(x);
  const u = project(rows, a, shift);
  return [likeRows(gemm(u, b, gemm(rows, weight, bias, { transB: true }), { transB: true, alpha: scale }), x), u];
}

function frozen(...shape: number[]) {
  return { shape, frozen: true } as const;
}
