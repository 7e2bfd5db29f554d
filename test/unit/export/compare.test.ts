import { describe, expect, it } from 'vitest';
import { compareLogits } from '../../../src/export/compare.ts';

const f32 = (...values: number[]): Float32Array => Float32Array.from(values);

describe('compareLogits', () => {
  it('tells how far two models are apart', () => {
    const { difference, agreement, changed } = compareLogits(f32(1, -4, 2, 0), f32(1, -3, 2, 1), 2, 0);
    expect(difference).toEqual({ largest: 1, typical: Math.SQRT1_2, largestLogit: 4 });
    expect({ agreement, changed }).toEqual({ agreement: 1, changed: 0 });
  });

  it('forgives another class only where the reference was undecided', () => {
    // Of a largest logit of 10 the first image was decided by 0.1, the second by 1.
    const expected = f32(10, 9.9, 10, 9);
    const actual = f32(9, 10, 9, 10);
    expect(compareLogits(expected, actual, 2, 0.05)).toMatchObject({ agreement: 0, changed: 1 });
    expect(compareLogits(expected, actual, 2, 0.2)).toMatchObject({ agreement: 0, changed: 0 });
    expect(compareLogits(expected, actual, 2, 0)).toMatchObject({ agreement: 0, changed: 2 });
  });

  it('takes what is not a number for infinitely far', () => {
    expect(compareLogits(f32(1, 0), f32(NaN, 0), 1, 0).difference.largest).toBe(Infinity);
  });
});
