import { describe, expect, it } from 'vitest';
import { interpolationMatrix } from '../../../src/graph/interpolation.ts';
import type { Interpolation } from '../../../src/graph/interpolation.ts';
import { float32 } from '../../../src/graph/tensor.ts';

const LINEAR: Interpolation = { mode: 'linear', coordinates: 'half_pixel', nearest: 'floor' };

describe('an interpolation matrix', () => {
  it('is the identity when the length stays', () => {
    for (const coordinates of ['half_pixel', 'pytorch_half_pixel', 'align_corners', 'asymmetric'] as const) {
      expect(interpolationMatrix(3, 3, 1, { ...LINEAR, coordinates })).toEqual(
        float32([3, 3], [1, 0, 0, 0, 1, 0, 0, 0, 1]),
      );
    }
  });

  it('has rows that sum to one', () => {
    const { data } = interpolationMatrix(5, 8, 8 / 5, LINEAR);
    for (let row = 0; row < 8; row++) {
      const sum = data.subarray(row * 5, row * 5 + 5).reduce((a, b) => a + b, 0);
      expect(sum).toBeCloseTo(1, 6);
    }
  });

  it('doubles pixels by repeating them', () => {
    const nearest: Interpolation = { mode: 'nearest', coordinates: 'asymmetric', nearest: 'floor' };
    expect(interpolationMatrix(2, 4, 2, nearest)).toEqual(float32([4, 2], [1, 0, 1, 0, 0, 1, 0, 1]));
  });

  it('rounds halves as it is told to', () => {
    const halfway = (nearest: Interpolation['nearest']) =>
      // The one resized element lies between the first and the second.
      Array.from(interpolationMatrix(2, 1, 0.5, { mode: 'nearest', coordinates: 'half_pixel', nearest }).data);
    expect(halfway('round_prefer_floor')).toEqual([1, 0]);
    expect(halfway('round_prefer_ceil')).toEqual([0, 1]);
    expect(halfway('floor')).toEqual([1, 0]);
    expect(halfway('ceil')).toEqual([0, 1]);
  });

  it('keeps the ends when corners are aligned', () => {
    const { data } = interpolationMatrix(3, 5, 5 / 3, { ...LINEAR, coordinates: 'align_corners' });
    expect(Array.from(data)).toEqual([1, 0, 0, 0.5, 0.5, 0, 0, 1, 0, 0, 0.5, 0.5, 0, 0, 1]);
  });

  it('takes the first element for a length of one', () => {
    const one = (coordinates: Interpolation['coordinates']) =>
      Array.from(interpolationMatrix(3, 1, 1 / 3, { ...LINEAR, coordinates }).data);
    expect(one('pytorch_half_pixel')).toEqual([1, 0, 0]);
    expect(one('align_corners')).toEqual([1, 0, 0]);
    expect(one('half_pixel')).toEqual([0, 1, 0]);
  });

  it('cannot make nothing', () => {
    expect(() => interpolationMatrix(3, 0, 0.1, LINEAR)).toThrow('an axis of 3 cannot be resized to 0');
  });
});
