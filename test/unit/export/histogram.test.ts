import { describe, expect, it } from 'vitest';
import { Histogram } from '../../../src/export/histogram.ts';

/** −1 … 3 in equal steps. */
const RAMP = Float32Array.from({ length: 40_001 }, (_, index) => -1 + index / 10_000);

function of(...batches: Float32Array[]): Histogram {
  const histogram = new Histogram();
  for (const batch of batches) histogram.add(batch);
  return histogram;
}

describe('Histogram', () => {
  it('knows the ends exactly', () => {
    expect(of(RAMP).range(0)).toEqual({ low: -1, high: 3 });
  });

  it('always reaches zero', () => {
    expect(of(Float32Array.of(2, 3)).range(0)).toEqual({ low: 0, high: 3 });
    expect(of(Float32Array.of(-2, -3)).range(0.4)).toMatchObject({ high: 0 });
    expect(of(new Float32Array(8)).range(0.1)).toEqual({ low: 0, high: 0 });
  });

  it('leaves out the given share at either end, to a thousandth of the range', () => {
    const { low, high } = of(RAMP).range(0.1);
    expect(Math.abs(low - -0.6)).toBeLessThan(4 / 1000);
    expect(Math.abs(high - 2.6)).toBeLessThan(4 / 1000);
  });

  it('does not depend on the order or the batches in which values come', () => {
    const whole = of(RAMP).range(0.01);
    expect(of(RAMP.slice(20_000), RAMP.slice(0, 20_000)).range(0.01)).toEqual(whole);
    expect(of(RAMP.toReversed()).range(0.01)).toEqual(whole);
  });

  it('keeps a lone outlier out of the range', () => {
    const { high } = of(RAMP, Float32Array.of(1000)).range(1e-4);
    // The bins are as wide as the outlier demands: 1024 / 2048.
    expect(high).toBeLessThan(4);
    expect(of(RAMP, Float32Array.of(1000)).range(0).high).toBe(1000);
  });

  it('refuses infinity', () => {
    expect(() => of(Float32Array.of(1, Infinity))).toThrow('infinite');
  });
});
