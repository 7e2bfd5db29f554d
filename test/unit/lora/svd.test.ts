import { describe, expect, it } from 'vitest';
import { combine, jacobiSvd, productSingularValues, productSvd, type Svd } from '../../../src/lora/svd.ts';
import { dot, thinQr } from '../../../src/lora/qr.ts';
import { truncatedSvd } from '../../../src/lora/truncated-svd.ts';
import { Random } from '../../../src/shared/random.ts';
import written from '../../fixtures/lora/svd.json' with { type: 'json' };

/** The file holds float32 values in nine digits: made exact again. */
const golden = {
  products: written.products.map((item) => ({ ...item, a: item.a.map(Math.fround), b: item.b.map(Math.fround) })),
  dense: written.dense.map((item) => ({ ...item, w: item.w.map(Math.fround) })),
};

/** Row-major numbers as columns. */
const columnsOf = (data: readonly number[], rows: number, columns: number): Float64Array[] =>
  Array.from({ length: columns }, (_, j) => Float64Array.from({ length: rows }, (_, i) => data[i * columns + j]!));
const rowsOf = (data: readonly number[], rows: number, columns: number): Float64Array[] =>
  Array.from({ length: rows }, (_, i) => Float64Array.from(data.slice(i * columns, (i + 1) * columns)));

/** Σ uᵢ·σᵢ·vᵢᵀ, row-major. */
const composed = ({ u, singularValues, v }: Svd, rows: number, columns: number): number[] =>
  Array.from({ length: rows * columns }, (_, at) =>
    singularValues.reduce((sum, sigma, k) => sum + sigma * u[k]![Math.floor(at / columns)]! * v[k]![at % columns]!, 0),
  );

const largestDifference = (a: ArrayLike<number>, b: ArrayLike<number>): number =>
  Array.from(a).reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);

/** max |VᵀV − 1|. */
const skew = (vectors: readonly Float64Array[]): number =>
  Math.max(...vectors.flatMap((a, i) => vectors.map((b, j) => Math.abs(dot(a, b) - (i === j ? 1 : 0)))));

describe('thinQr', () => {
  it.each([
    [7, 3],
    [3, 7],
    [4, 4],
    [5, 1],
  ])('gives orthonormal Q and triangular R with Q·R = M (%i × %i)', (height, count) => {
    const random = new Random(height);
    const columns = Array.from({ length: count }, () => Float64Array.from({ length: height }, () => random.normal()));
    const qr = thinQr(columns);
    const [q, r] = [qr.q(), qr.r];
    expect(q.length).toBe(Math.min(height, count));
    // Householder: a few ulps of numbers of order one.
    expect(skew(q)).toBeLessThan(1e-14);
    for (const [j, column] of columns.entries()) {
      expect(largestDifference(combine(q, r[j]!), column)).toBeLessThan(1e-14);
      expect([...r[j]!.subarray(j + 1)].every((below) => below === 0)).toBe(true);
    }
  });

  it('keeps zero columns', () => {
    const { q, r } = thinQr([new Float64Array(4), new Float64Array(4)]);
    expect(skew(q())).toBe(0);
    expect(r.every((column) => column.every((value) => value === 0))).toBe(true);
  });
});

describe('productSvd', () => {
  it.each(golden.products)('agrees with numpy: $name', ({ out, rank, in: width, b, a, sigma }) => {
    const svd = productSvd(columnsOf(b, out, rank), rowsOf(a, rank, width));
    // Double precision on both sides; LAPACK itself errs by about 1e-16 of the largest.
    const scale = Math.max(...sigma, Number.MIN_VALUE);
    expect(svd.singularValues.length).toBe(sigma.length);
    expect(productSingularValues(columnsOf(b, out, rank), rowsOf(a, rank, width))).toEqual(svd.singularValues);
    expect(largestDifference(svd.singularValues, sigma) / scale).toBeLessThan(1e-14);
    const product = Array.from({ length: out * width }, (_, at) =>
      Array.from(
        { length: rank },
        (_, k) => b[Math.floor(at / width) * rank + k]! * a[k * width + (at % width)]!,
      ).reduce((sum, term) => sum + term),
    );
    expect(largestDifference(composed(svd, out, width), product) / scale).toBeLessThan(1e-13);
  });

  it('finds singular values twelve orders apart to twelve digits each', () => {
    const diagonal = [1, 1e-4, 1e-8, 1e-12];
    const rotation = thinQr(columnsOf([4, 1, 2, 3, 1, 5, 1, 2, 2, 1, 6, 1, 3, 2, 1, 7], 4, 4)).q();
    const { singularValues } = jacobiSvd(rotation.map((column, k) => column.map((value) => value * diagonal[k]!)));
    for (const [k, sigma] of diagonal.entries()) expect(Math.abs(singularValues[k]! / sigma - 1)).toBeLessThan(1e-12);
  });
});

describe('truncatedSvd', () => {
  it.each(golden.dense)(
    'finds the best approximation of its rank: $name',
    ({ rows, columns, rank, w, sigma, best }) => {
      const svd = truncatedSvd({ rows, columns, data: Float32Array.from(w) }, rank, new Random(5), {
        tolerance: 1e-14,
      });
      // Singular values converge with the square of the subspace's angle, hence 1e-12; the approximation with the angle itself.
      expect(largestDifference(svd.singularValues, sigma) / sigma[0]!).toBeLessThan(1e-12);
      expect(largestDifference(composed(svd, rows, columns), best) / sigma[0]!).toBeLessThan(1e-6);
      expect(skew(svd.v)).toBeLessThan(1e-13);
      expect(skew(svd.u)).toBeLessThan(1e-13);
    },
  );

  it('repeats from its seed', () => {
    const { rows, columns, w } = golden.dense[1]!;
    const matrix = { rows, columns, data: Float32Array.from(w) };
    expect(truncatedSvd(matrix, 2, new Random(1)).u).toEqual(truncatedSvd(matrix, 2, new Random(1)).u);
  });
});
