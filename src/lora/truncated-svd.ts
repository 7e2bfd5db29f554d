/**
 * The largest singular triplets of a dense matrix by randomized subspace iteration (Halko, Martinsson and Tropp 2011,
 * algorithm 4.4), repeated until the singular values stand still.
 */
import type { Random } from '../shared/random.ts';
import { type Columns, thinQr } from './qr.ts';
import { combine, jacobiSvd, type Svd } from './svd.ts';

/** Row-major. */
export interface Matrix {
  readonly rows: number;
  readonly columns: number;
  readonly data: Float32Array;
}

export interface TruncatedSvdOptions {
  /** Ends when no wanted singular value moved by more than this share of the largest; their vectors err by about its root. */
  readonly tolerance?: number;
  readonly maxIterations?: number;
}

/** Extra directions, so that the wanted ones converge by the ratio of σ beyond them to σ(rank), not of neighbours. */
const oversample = (rank: number): number => Math.min(rank, 16) + 8;

/** The `rank` largest triplets (at most min(rows, columns)); the same `random` gives the same result. */
export function truncatedSvd(matrix: Matrix, rank: number, random: Random, options: TruncatedSvdOptions = {}): Svd {
  const { tolerance = 1e-8, maxIterations = 40 } = options;
  const size = Math.min(matrix.rows, matrix.columns, rank + oversample(rank));
  const start = Array.from({ length: size }, () =>
    Float64Array.from({ length: matrix.columns }, () => random.normal()),
  );
  let right = thinQr(start).q();
  let before: Float64Array | undefined;
  for (let iteration = 1; ; iteration++) {
    // W·Z = Q·R, hence on this subspace W = Q·R·Zᵀ, whose triplets are those of the small R turned by Q and Z.
    const product = thinQr(times(matrix, right));
    const core = jacobiSvd(product.r);
    const q = product.q();
    const u = core.u.map((vector) => combine(q, vector));
    const singularValues = core.singularValues.slice(0, rank);
    if (iteration === maxIterations || isSettled(singularValues, before, tolerance)) {
      const v = core.v.slice(0, rank).map((vector) => combine(right, vector));
      return { singularValues, u: u.slice(0, rank), v };
    }
    before = singularValues;
    // From the turned vectors the next R is nearly diagonal, so that Jacobi needs few sweeps.
    right = thinQr(transposedTimes(matrix, u)).q();
  }
}

function isSettled(values: Float64Array, before: Float64Array | undefined, tolerance: number): boolean {
  const allowed = tolerance * (values[0] ?? 0);
  return before !== undefined && values.every((value, i) => Math.abs(value - before[i]!) <= allowed);
}

/** W·X, X by its columns. */
function times({ rows, columns, data }: Matrix, x: Columns): Float64Array[] {
  const product = x.map(() => new Float64Array(rows));
  for (let i = 0; i < rows; i++) {
    const row = data.subarray(i * columns, (i + 1) * columns);
    for (let j = 0; j < x.length; j++) {
      const column = x[j]!;
      let sum = 0;
      for (let k = 0; k < columns; k++) sum += row[k]! * column[k]!;
      product[j]![i] = sum;
    }
  }
  return product;
}

/** Wᵀ·X, X by its columns. */
function transposedTimes({ rows, columns, data }: Matrix, x: Columns): Float64Array[] {
  const product = x.map(() => new Float64Array(columns));
  for (let i = 0; i < rows; i++) {
    const row = data.subarray(i * columns, (i + 1) * columns);
    for (let j = 0; j < x.length; j++) {
      const sum = product[j]!;
      const factor = x[j]![i]!;
      for (let k = 0; k < columns; k++) sum[k]! += factor * row[k]!;
    }
  }
  return product;
}
