import { expect } from 'vitest';

/** Equal within `tolerance` of the larger of 1 and the expected number; says which are not. */
export function expectClose(
  actual: ArrayLike<number | bigint>,
  expected: ArrayLike<number | bigint>,
  tolerance: number,
): void {
  expect(actual.length).toBe(expected.length);
  const off = Array.from(actual, Number).filter((value, index) => {
    const target = Number(expected[index]!);
    return !(Math.abs(value - target) <= tolerance * Math.max(1, Math.abs(target)));
  });
  expect(off, `of ${actual.length} values, expected ${Array.from(expected).join(' ')}`).toEqual([]);
}
