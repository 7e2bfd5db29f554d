import { describe, expect, it } from 'vitest';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatInteger,
  formatShare,
  oneOrMany,
} from '../../../src/shared/format.ts';

describe('formatBytes', () => {
  it.each([
    [0, '0 B'],
    [999, '999 B'],
    [1000, '1.00 kB'],
    [1_179_648, '1.18 MB'],
    [999_499, '999 kB'],
    [999_500, '1.00 MB'],
    [86_567_656 * 4, '346 MB'],
    [2.5e15, '2500 TB'],
  ])('%d → %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text);
  });
});

describe('formatCount', () => {
  it.each([
    [0, '0'],
    [7, '7'],
    [118.4, '118'],
    [294_912, '295 k'],
    [86_567_656, '86.6 M'],
    [1.2e9, '1.20 G'],
  ])('%d → %s', (count, text) => {
    expect(formatCount(count)).toBe(text);
  });
});

describe('formatInteger', () => {
  it.each([
    [0, '0'],
    [999, '999'],
    [1000, '1,000'],
    [1_234_567, '1,234,567'],
    [-1000, '-1,000'],
  ])('%d → %s', (count, text) => {
    expect(formatInteger(count)).toBe(text);
  });
});

describe('formatDuration', () => {
  it.each([
    [0, '0 ms'],
    [0.0123, '12 ms'],
    [0.9996, '1 s'],
    [1.5, '1.5 s'],
    [59.94, '59.9 s'],
    [59.96, '1 min 00 s'],
    [200, '3 min 20 s'],
    [3599.6, '1 h 00 min'],
    [7500, '2 h 05 min'],
    [86_399, '1 d 00 h'],
    [367_200, '4 d 06 h'],
    [NaN, '–'],
    [Infinity, '–'],
    [-1, '–'],
  ])('%d → %s', (seconds, text) => {
    expect(formatDuration(seconds)).toBe(text);
  });
});

describe('formatShare', () => {
  it.each([
    [0, '0.0 %'],
    [1, '100.0 %'],
    [0.875, '87.5 %'],
    [0.0349, '3.5 %'],
    [0.00052, '0.052 %'],
  ])('%d → %s', (share, text) => {
    expect(formatShare(share)).toBe(text);
  });
});

it('one thing has its own text; none and several share the other', () => {
  expect([0, 1, 2].map((count) => oneOrMany(count, 'one', 'many'))).toEqual(['many', 'one', 'many']);
});
