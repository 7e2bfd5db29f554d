/**
 * Singular values of small matrices, and of the low-rank product B·A without forming it. One-sided Jacobi (Hestenes 1958;
 * Demmel and Veselić 1992) in double precision: it finds small singular values as accurately as large ones, and is short.
 */
import { type Columns, dot, type ThinQr, thinQr } from './qr.ts';

/** M = Σ uᵢ·σᵢ·vᵢᵀ. */
export interface Svd {
  /** Descending; k of them. */
  readonly singularValues: Float64Array;
  /** k left vectors, orthonormal; where σ is 0 either this one or the right one may be zero. */
  readonly u: Float64Array[];
  /** k right vectors. */
  readonly v: Float64Array[];
}

/** Sweeps over all pairs of columns; six to ten reach machine precision, for hundreds of columns too. */
const MAX_SWEEPS = 60;

/** The SVD of an m × n matrix given by its columns: k = n triplets. Meant for m ≥ n, else n − m of them are zero. */
export function jacobiSvd(columns: Columns): Svd {
  const size = columns.length;
  const u = columns.map((column) => column.slice());
  const v = columns.map((_, j) => unit(size, j));
  for (let sweep = 0; sweep < MAX_SWEEPS; sweep++) {
    let rotated = false;
    for (let i = 0; i < size; i++) {
      for (let j = i + 1; j < size; j++) rotated = orthogonalize(u, v, i, j) || rotated;
    }
    if (!rotated) break;
  }
  const norms = u.map((column) => Math.sqrt(dot(column, column)));
  const order = norms.map((_, j) => j).sort((a, b) => norms[b]! - norms[a]!);
  return {
    singularValues: Float64Array.from(order, (j) => norms[j]!),
    u: order.map((j) => (norms[j] === 0 ? u[j]! : u[j]!.map((value) => value / norms[j]!))),
    v: order.map((j) => v[j]!),
  };
}

/**
 * The SVD of B·A from its factors: B's columns (r of length out) and A's rows (r of length in). With B = Qb·Rb and
 * Aᵀ = Qa·Ra it is that of the small core Rb·Raᵀ, turned by Qb and Qa: O(r²·(out + in)) instead of O(out·in·min).
 * k = min(r, out, in) triplets.
 */
export function productSvd(bColumns: Columns, aRows: Columns): Svd {
  const b = thinQr(bColumns);
  const a = thinQr(aRows);
  const { singularValues, u, v } = coreSvd(b, a);
  const [qb, qa] = [b.q(), a.q()];
  return {
    singularValues,
    u: u.map((vector) => combine(qb, vector)),
    v: v.map((vector) => combine(qa, vector)),
  };
}

/** The singular values of B·A alone, in less than half the time. */
export function productSingularValues(bColumns: Columns, aRows: Columns): Float64Array {
  return coreSvd(thinQr(bColumns), thinQr(aRows)).singularValues;
}

/** Of Rb·Raᵀ: entry (i, j) is Σₖ Rb[i][k]·Ra[j][k]. Its longer side becomes the height, as Jacobi wants it. */
function coreSvd(b: ThinQr, a: ThinQr): Svd {
  const heightOf = ({ r }: ThinQr): number => r[0]?.length ?? 0;
  const isWide = heightOf(a) > heightOf(b);
  const [tall, short] = isWide ? [a, b] : [b, a];
  const core = Array.from({ length: heightOf(short) }, (_, j) => {
    const column = new Float64Array(heightOf(tall));
    for (let k = 0; k < short.r.length; k++) addScaled(column, tall.r[k]!, short.r[k]![j]!);
    return column;
  });
  const { singularValues, u, v } = jacobiSvd(core);
  return isWide ? { singularValues, u: v, v: u } : { singularValues, u, v };
}

/** One rotation that makes columns i and j of U orthogonal, done to V as well; false if they already are. */
function orthogonalize(u: Float64Array[], v: Float64Array[], i: number, j: number): boolean {
  const [x, y] = [u[i]!, u[j]!];
  const [xx, yy, xy] = [dot(x, x), dot(y, y), dot(x, y)];
  // Rounding of the products themselves leaves a cosine of about this size.
  if (Math.abs(xy) <= Number.EPSILON * Math.max(8, x.length) * Math.sqrt(xx * yy)) return false;
  const zeta = (yy - xx) / (2 * xy);
  const tangent = (zeta >= 0 ? 1 : -1) / (Math.abs(zeta) + Math.hypot(1, zeta));
  const cosine = 1 / Math.hypot(1, tangent);
  rotate(x, y, cosine, cosine * tangent);
  rotate(v[i]!, v[j]!, cosine, cosine * tangent);
  return true;
}

function rotate(x: Float64Array, y: Float64Array, cosine: number, sine: number): void {
  for (let k = 0; k < x.length; k++) {
    const [a, b] = [x[k]!, y[k]!];
    x[k] = cosine * a - sine * b;
    y[k] = sine * a + cosine * b;
  }
}

/** Σ columns[k]·weights[k]. */
export function combine(columns: Columns, weights: Float64Array): Float64Array {
  const sum = new Float64Array(columns[0]?.length ?? 0);
  for (let k = 0; k < columns.length; k++) addScaled(sum, columns[k]!, weights[k]!);
  return sum;
}

function addScaled(sum: Float64Array, column: Float64Array, factor: number): void {
  for (let i = 0; i < sum.length; i++) sum[i]! += factor * column[i]!;
}

function unit(size: number, index: number): Float64Array {
  const vector = new Float64Array(size);
  vector[index] = 1;
  return vector;
}
