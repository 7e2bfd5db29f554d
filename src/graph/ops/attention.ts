import { matmul, mul, reduceSum, reshape, softmax, sub, transpose } from '../build.ts';
import type { AttentionOptions, MatMulFlags } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { known, ShapeError, timesDim } from '../shape.ts';
import type { Dim } from '../shape.ts';

/**
 * Multi-head attention softmax(scale · Q·Kᵀ)·V over sequence-first tokens: q [Tq, B, D], k and v [Tk, B, D] → [Tq, B, D] and the
 * probabilities P [B·heads, Tq, Tk].
 *
 * Sequence first, so that [T, B, D] is [T, B·heads, D/heads] without moving anything and FusedMatMul reads the heads where they lie.
 * The gradient (Dao et al. 2022, eq. 4) takes Σ(P ∘ dP) as Σ(o ∘ do), a sum over D instead of over Tk.
 */
export const attention = defineOp<[q: Value, k: Value, v: Value], AttentionOptions>({
  name: 'Attention',
  shape: ([q, k, v], { heads }) => {
    const width = known(q.shape[2], 'the width');
    if (width % heads !== 0) throw new ShapeError(`${width} features do not split into ${heads} heads`);
    if (k.shape[2] !== width || v.shape[2] !== width) throw new ShapeError('q, k and v differ in width');
    return [like(q), like(q, [timesDim(q.shape[1]!, heads), q.shape[0]!, k.shape[0]!])];
  },
  vjp: ({ inputs: [q, k, v], outputs: [o, p], attributes: { heads, scale } }, [dy]) => {
    const dHeads = split(dy!, heads);
    let shared: Value | undefined;
    const dScores = (): Value => {
      if (shared !== undefined) return shared;
      const dP = matmul(dHeads, split(v, heads), { ...SEQUENCE_FIRST, transB: true });
      // [Tq, B·heads, 1] → [B·heads, Tq, 1]: one number a row of P.
      const rows = transpose(reduceSum(split(mul(dy!, o!), heads), { axes: [-1], keepDims: true }), [1, 0, 2]);
      return (shared = mul(p!, sub(dP, rows)));
    };
    return [
      () => join(matmul(dScores(), split(k, heads), { transBatchB: true, alpha: scale }), q),
      () => joinTurned(matmul(split(q, heads), dScores(), { transA: true, transBatchA: true, alpha: scale }), k),
      () => joinTurned(matmul(dHeads, p!, { transA: true, transBatchA: true }), v),
    ];
  },
  expand: ({ inputs: [q, k, v], attributes: { heads, scale } }) => {
    const scores = matmul(split(q, heads), split(k, heads), { ...SEQUENCE_FIRST, transB: true, alpha: scale });
    const p = softmax(scores);
    return [join(matmul(p, split(v, heads), { transBatchB: true }), q), p];
  },
  cases: [
    {
      inputs: [
        [3, 2, 4],
        [3, 2, 4],
        [3, 2, 4],
      ],
      attributes: { heads: 2, scale: 0.7 },
    },
    {
      inputs: [
        [1, 2, 4],
        [3, 2, 4],
        [3, 2, 4],
      ],
      attributes: { heads: 1, scale: 0.5 },
      why: 'one query: the last block of a classifier',
    },
    {
      inputs: [
        [2, 1, 6],
        [4, 1, 6],
        [4, 1, 6],
      ],
      attributes: { heads: 3, scale: 1 },
    },
  ],
});

const SEQUENCE_FIRST: MatMulFlags = { transBatchA: true, transBatchB: true };

/** [T, B, D] → [T, B·heads, D/heads]. */
function split(x: Value, heads: number): Value {
  const [length, batch, width] = x.shape as readonly [Dim, Dim, number];
  return reshape(x, [length, timesDim(batch, heads), width / heads]);
}

/**
 * [B·heads, D/heads, T] → the shape of `origin`, [T, B, D]. The gradients of keys and values are computed so, as Qᵀ·dS and dOᵀ·P: as dSᵀ·Q
 * and Pᵀ·dO the engine would turn the T × T operand, not the narrow one.
 */
function joinTurned(x: Value, origin: Value): Value {
  return reshape(transpose(x, [2, 0, 1]), origin.shape);
}

/** [B·heads, T, D/heads] → the shape of `origin`, [T, B, D]. */
function join(x: Value, origin: Value): Value {
  return reshape(transpose(x, [1, 0, 2]), origin.shape);
}
