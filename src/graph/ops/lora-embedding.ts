import { gather, gemm, reshape, scatterAdd, transpose } from '../build.ts';
import type { LoraScale } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { asRows } from '../rows.ts';
import { elements, sameDim, ShapeError } from '../shape.ts';

/**
 * Rows of a frozen table with its adapter (Hu et al. 2021): y = table[i] + scale · (Aᵀ)[i]·Bᵀ, indices [...], table (n, d), A (r, n), B (d, r)
 * → [..., d]. With t = scale·dy·B, dA gets the rows of t added at the indices, and dB = scale·dyᵀ·(Aᵀ)[i].
 */
export const loraEmbedding = defineOp<[indices: Value, table: Value, a: Value, b: Value], LoraScale>({
  name: 'LoraEmbedding',
  shape: ([indices, table, a, b]) => {
    const fits = sameDim(a.shape[1]!, table.shape[0]!) && sameDim(b.shape[0]!, table.shape[1]!);
    if (!fits || !sameDim(a.shape[0]!, b.shape[1]!)) throw new ShapeError('the adapter does not fit the table');
    return [like(table, [...indices.shape, table.shape[1]!])];
  },
  vjp: ({ inputs: [indices, , a, b], attributes: { scale } }, [dy]) => {
    const rows = asRows(dy!);
    return [
      undefined,
      undefined,
      () => {
        const t = gemm(rows, b, undefined, { alpha: scale });
        return transpose(scatterAdd(t, flat(indices), 0, [a.shape[1]!, a.shape[0]!]), [1, 0]);
      },
      () => gemm(rows, chosen(a, indices), undefined, { transA: true, alpha: scale }),
    ];
  },
  expand: ({ inputs: [indices, table, a, b], attributes: { scale } }) => {
    const frozen = gather(table, flat(indices), 0);
    const rows = gemm(chosen(a, indices), b, frozen, { transB: true, alpha: scale });
    return [reshape(rows, [...indices.shape, table.shape[1]!])];
  },
  cases: [
    {
      inputs: [{ shape: [3], dtype: 'int64', values: [3, 0, 3] }, frozen(4, 3), [2, 4], [3, 2]],
      attributes: { scale: 2 },
      why: 'repeated',
    },
    {
      inputs: [{ shape: [2, 2], dtype: 'int64', values: [1, 2, 0, 1] }, frozen(3, 2), [1, 3], [2, 1]],
      attributes: { scale: 0.5 },
    },
    {
      inputs: [{ shape: [2, 1], dtype: 'int32', values: [1, 0] }, frozen(3, 4), [3, 3], [4, 3]],
      attributes: { scale: 1 },
    },
  ],
});

function flat(indices: Value): Value {
  return reshape(indices, [elements(indices.shape)]);
}

/** Rows of Aᵀ, (count, r). */
function chosen(a: Value, indices: Value): Value {
  return gather(transpose(a, [1, 0]), flat(indices), 0);
}

function frozen(...shape: number[]) {
  return { shape, frozen: true } as const;
}
