import { describe, expect, it } from 'vitest';
import { smooth } from '../../../../src/shared/run/smooth.ts';

const evenly = (length: number): number[] => Array.from({ length }, (_, index) => index + 1);

describe('smoothing', () => {
  it('is the exponential moving average over 1 − weightⁿ on evenly spaced steps', () => {
    const values = [4, 1, 3, 8, 2];
    let sum = 0;
    const expected = values.map((value, index) => {
      sum = 0.9 * sum + 0.1 * value;
      return sum / (1 - 0.9 ** (index + 1));
    });
    smooth(evenly(5), values, 0.9).forEach((value, index) => {
      expect(value).toBeCloseTo(expected[index]!, 12);
    });
  });

  it('leaves a level curve level from its first point on, at any spacing', () => {
    for (const value of smooth([1, 2, 50, 51, 900], [7, 7, 7, 7, 7], 0.99)) expect(value).toBeCloseTo(7, 12);
  });

  it('of weight 0 changes nothing', () => {
    expect(smooth(evenly(3), [1, 5, 2], 0)).toEqual([1, 5, 2]);
  });

  it('passes over what is missing without forgetting what came before', () => {
    const [first, missing, last] = smooth(evenly(3), [2, null, 2], 0.5);
    expect([first, missing, last]).toEqual([2, null, 2]);
  });

  it('gives what lies further apart less of what came before', () => {
    const near = smooth([1, 2, 3, 4], [0, 0, 0, 1], 0.5)[3]!;
    const far = smooth([1, 2, 3, 30], [0, 0, 0, 1], 0.5)[3]!;
    expect(far).toBeGreaterThan(near);
  });
});
