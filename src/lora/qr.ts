/**
 * Thin QR by Householder reflections (Golub and Van Loan, Matrix Computations, algorithm 5.2.1), in double precision.
 * A matrix is an array of its columns: a LoRA A of shape (r, in) lies in memory as the columns of Aᵀ.
 */

export type Columns = readonly Float64Array[];

export interface ThinQr {
  /** Works out Q, which takes as long again: m × k with orthonormal columns, k = min(m, n). */
  readonly q: () => Float64Array[];
  /** k × n, upper triangular (or trapezoid), as columns of length k. */
  readonly r: Float64Array[];
}

export function thinQr(columns: Columns): ThinQr {
  const work = columns.map((column) => column.slice());
  const height = work[0]?.length ?? 0;
  const count = Math.min(height, work.length);
  const reflectors: Float64Array[] = [];
  for (let k = 0; k < count; k++) {
    const reflector = reflectorOf(work[k]!, k);
    reflectors.push(reflector);
    for (let j = k; j < work.length; j++) reflect(work[j]!, reflector, k);
  }
  const qColumn = (j: number): Float64Array => {
    const column = new Float64Array(height);
    column[j] = 1;
    for (let k = count - 1; k >= 0; k--) reflect(column, reflectors[k]!, k);
    return column;
  };
  const r = work.map((column, j) => column.slice(0, count).fill(0, Math.min(j + 1, count)));
  return { q: () => Array.from({ length: count }, (_, j) => qColumn(j)), r };
}

/** The unit vector v for which (1 − 2vvᵀ) turns the column's part from `start` on into its first entry; zeros if it is zero. */
function reflectorOf(column: Float64Array, start: number): Float64Array {
  const v = column.slice(start);
  const norm = Math.sqrt(dot(v, v));
  if (norm === 0) return v;
  // The sign that avoids cancellation.
  v[0]! += v[0]! >= 0 ? norm : -norm;
  const length = Math.sqrt(dot(v, v));
  for (let i = 0; i < v.length; i++) v[i]! /= length;
  return v;
}

function reflect(column: Float64Array, v: Float64Array, start: number): void {
  let product = 0;
  for (let i = 0; i < v.length; i++) product += v[i]! * column[start + i]!;
  const twice = 2 * product;
  for (let i = 0; i < v.length; i++) column[start + i]! -= twice * v[i]!;
}

export function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}
