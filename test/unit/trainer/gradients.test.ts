import { describe, expect, it } from 'vitest';
import { accumulate, clipFactor, globalNorm } from '../../../src/trainer/gradients.ts';

describe('globalNorm', () => {
  it('is the length of all gradients as one vector', () => {
    expect(globalNorm([Float32Array.of(3, 0), Float32Array.of(-4)])).toBe(5);
    expect(globalNorm([Float32Array.of(3, 0), Float32Array.of(-4)], 0.5)).toBe(2.5);
  });

  it('sums in double precision: a million small squares are not lost beside a large one', () => {
    const small = new Float32Array(2 ** 20).fill(2 ** -10);
    // In float32 each 2⁻²⁰ would vanish beside 2²⁶; together they are 1.
    expect(globalNorm([Float32Array.of(2 ** 13), small])).toBe(Math.sqrt(2 ** 26 + 1));
  });

  it.each([NaN, Infinity, -Infinity])('is not finite where a gradient is %d', (value) => {
    expect(Number.isFinite(globalNorm([Float32Array.of(1, value)]))).toBe(false);
  });
});

describe('clipFactor', () => {
  it('brings a larger norm to the limit and leaves a smaller one', () => {
    expect(10 * clipFactor(10, 2)).toBeCloseTo(2, 6);
    expect(clipFactor(1.9, 2)).toBe(1);
  });

  it('does not clip at a limit of 0', () => {
    expect(clipFactor(1e9, 0)).toBe(1);
  });
});

describe('accumulate', () => {
  it('adds batch to batch', () => {
    const sums = [new Float32Array(2), new Float32Array(1)];
    for (let batch = 0; batch < 3; batch++) accumulate(sums, [Float32Array.of(1, batch), Float32Array.of(-2)]);
    expect(sums).toEqual([Float32Array.of(3, 3), Float32Array.of(-6)]);
  });
});
