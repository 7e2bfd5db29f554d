import { describe, expect, it } from 'vitest';
import { updateAverage } from '../../../src/trainer/moving-average.ts';

function averageOf(values: readonly number[], decay: number): number {
  const average = new Float32Array([values[0]!]);
  for (const [index, value] of values.slice(1).entries()) {
    updateAverage([average], [Float32Array.of(value)], { decay, step: index + 1 });
  }
  return average[0]!;
}

/** float32 keeps 24 bits; a few dozen updates round as often. */
const DIGITS = 5;

describe('updateAverage', () => {
  it('leaves what does not change', () => {
    expect(averageOf([3, 3, 3, 3], 0.99)).toBe(3);
  });

  it('begins with a short memory: after the first update 2 / 11 of the first value are left', () => {
    expect(averageOf([1, 0], 0.99)).toBeCloseTo(2 / 11, DIGITS);
    expect(averageOf([1, 0, 0], 0.99)).toBeCloseTo((2 / 11) * (3 / 12), DIGITS);
  });

  it('forgets by the decay and no slower', () => {
    // From the eighth update on (1 + t) / (10 + t) is above 0.5.
    const before = averageOf([1, ...Array<number>(20).fill(0)], 0.5);
    const after = averageOf([1, ...Array<number>(21).fill(0)], 0.5);
    expect(after / before).toBeCloseTo(0.5, DIGITS);
  });

  it('lies between values that swing', () => {
    const swinging = Array.from({ length: 201 }, (_, i) => (i % 2 === 0 ? 1 : -1));
    expect(Math.abs(averageOf(swinging, 0.95))).toBeLessThan(0.05);
  });
});
