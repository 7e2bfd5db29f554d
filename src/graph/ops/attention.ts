import { add, cast, matmul, mul, pad, reduceSum, reshape, slice, softmax, sub, transpose } from '../build.ts';
import type { AttentionOptions, MatMulFlags } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { known, ShapeError, timesDim } from '../shape.ts';
import type { Dim } from '../shape.ts';
import { float32 } from '../tensor.ts';

/**
 * Multi-head attention softmax(scale · Q·Kᵀ)·V over sequence-first tokens: q [Tq, B, D], k and v [Tk, B, D] → [Tq, B, D] and the
 * probabilities P [B·heads, Tq, Tk].
 *
 * Sequence first, so that [T, B, D] is [T, B·heads, D/heads] without moving anything and FusedMatMul reads the heads where they lie.
 * The gradient (Dao et al. 2022, eq. 4) takes Σ(P ∘ dP) as Σ(o ∘ do), a sum over D instead of over Tk.
 */
export const attention = defineOp<[q: Value, k: Value, v: Value], AttentionOptions>({
  name: 'Attention',
  shape: ([q, k, v], { heads, multiple }) => {
    const width = known(q.shape[2], 'the width');
    if (width % heads !== 0) throw new ShapeError(`${width} features do not split into ${heads} heads`);
    if (k.shape[2] !== width || v.shape[2] !== width) throw new ShapeError('q, k and v differ in width');
    const lengths = [q, k].map(({ shape: [length] }) => filled(length!, multiple));
    return [like(q), like(q, [timesDim(q.shape[1]!, heads), ...lengths])];
  },
  vjp: ({ inputs: [q, k, v], outputs: [o, p], attributes: { heads, scale, multiple } }, [dy]) => {
    const of = (x: Value): Value => split(filledUp(x, multiple), heads);
    let shared: Value | undefined;
    const dScores = (): Value => {
      if (shared !== undefined) return shared;
      const dP = matmul(of(dy!), of(v), { ...SEQUENCE_FIRST, transB: true });
      // [Tq, B·heads, 1] → [B·heads, Tq, 1]: one number a row of P.
      const sums = reduceSum(split(mul(dy!, o!), heads), { axes: [-1], keepDims: true });
      return (shared = mul(p!, sub(dP, transpose(filledUp(sums, multiple), [1, 0, 2]))));
    };
    return [
      () => join(matmul(dScores(), of(k), { transBatchB: true, alpha: scale }), q),
      () => joinTurned(matmul(of(q), dScores(), { transA: true, transBatchA: true, alpha: scale }), k),
      () => joinTurned(matmul(of(dy!), p!, { transA: true, transBatchA: true }), v),
    ];
  },
  expand: ({ inputs: [q, k, v], attributes: { heads, scale, multiple } }) => {
    const of = (x: Value): Value => split(filledUp(x, multiple), heads);
    const scores = matmul(of(q), of(k), { ...SEQUENCE_FIRST, transB: true, alpha: scale });
    const p = softmax(withoutFill(scores, k));
    return [join(matmul(p, of(v), { transBatchB: true }), q), p];
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
    {
      inputs: [
        [3, 2, 4],
        [5, 2, 4],
        [5, 2, 4],
      ],
      attributes: { heads: 2, scale: 0.7, multiple: 4 },
      why: 'filled up',
    },
  ],
});

/** A half that leaves room for scores on both sides. */
const LOWEST = -30_000;

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
  return cutTo(transpose(x, [2, 0, 1]), origin);
}

/** [B·heads, T, D/heads] → the shape of `origin`, [T, B, D]. */
function join(x: Value, origin: Value): Value {
  return cutTo(transpose(x, [1, 0, 2]), origin);
}

function cutTo(x: Value, { shape }: Value): Value {
  const [length] = shape;
  return reshape(typeof length === 'number' ? slice(x, 0, 0, length) : x, shape);
}

function filled(length: Dim, multiple = 1): Dim {
  return typeof length === 'number' ? Math.ceil(length / multiple) * multiple : length;
}

/** With rows of zeros behind, up to a multiple of the length. */
function filledUp(x: Value, multiple: number | undefined): Value {
  const [length] = x.shape as readonly [Dim];
  if (typeof length !== 'number') return x;
  const none = x.shape.map(() => 0);
  return pad(x, none, none.with(0, (filled(length, multiple) as number) - length));
}

/** Scores of keys that are none are so low that no probability is left for them. */
function withoutFill(scores: Value, { shape: [length] }: Value): Value {
  const all = scores.shape.at(-1);
  if (typeof all !== 'number' || all === length) return scores;
  const mask = float32(
    [all],
    Array.from({ length: all }, (_, key) => (key < (length as number) ? 0 : LOWEST)),
  );
  return add(scores, cast(scores.graph.constant(mask), scores.dtype));
}
