/** The matrices B (out × r) and A (r × columns) of a layer, and their product, whatever the tensors' shapes. */
import { float32, type Tensor } from '../graph/tensor.ts';
import type { AdapterLayer } from './adapter.ts';
import { type Columns, dot } from './qr.ts';

export interface Factors {
  readonly bColumns: Columns;
  readonly aRows: Columns;
}

export function factorsOf({ A, B, rank }: AdapterLayer): Factors {
  const columns = A.data.length / rank;
  return {
    bColumns: columnsOfB(B, rank),
    aRows: Array.from({ length: rank }, (_, k) => Float64Array.from(A.data.subarray(k * columns, (k + 1) * columns))),
  };
}

/** B of a grouped convolution holds only the r / groups columns that its row's group sees; the others are zero. */
function columnsOfB(B: Tensor<'float32'>, rank: number): Float64Array[] {
  const [rows, width] = [B.shape[0]!, B.shape[1]!];
  const rowsOfGroup = rows / (rank / width);
  return Array.from({ length: rank }, (_, k) =>
    Float64Array.from({ length: rows }, (_, i) => {
      const column = k - Math.floor(i / rowsOfGroup) * width;
      return column >= 0 && column < width ? B.data[i * width + column]! : 0;
    }),
  );
}

/** The layer with other factors of rank `bColumns.length`; whoever calls answers for alpha and scale. */
export function withFactors(layer: AdapterLayer, { bColumns, aRows }: Factors): AdapterLayer {
  const rank = bColumns.length;
  const rows = layer.B.shape[0]!;
  const columns = layer.A.data.length / layer.rank;
  const a = new Float32Array(rank * columns);
  const b = new Float32Array(rows * rank);
  for (let k = 0; k < rank; k++) {
    a.set(aRows[k]!, k * columns);
    for (let i = 0; i < rows; i++) b[i * rank + k] = bColumns[k]![i]!;
  }
  const ones = layer.B.shape.slice(2);
  return { ...layer, rank, A: float32([rank, ...layer.A.shape.slice(1)], a), B: float32([rows, rank, ...ones], b) };
}

/** ‖B·A‖_F² = Σ (BᵀB ∘ AAᵀ), without the product. */
export function squaredNormOfProduct({ bColumns, aRows }: Factors): number {
  let sum = 0;
  for (let i = 0; i < aRows.length; i++) {
    for (let j = 0; j < aRows.length; j++) sum += dot(bColumns[i]!, bColumns[j]!) * dot(aRows[i]!, aRows[j]!);
  }
  return Math.max(sum, 0);
}
