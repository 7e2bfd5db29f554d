import { describe, expect, it } from 'vitest';
import { ShapeError, symbol, timesDim } from '../../../src/graph/shape.ts';
import type { Dim } from '../../../src/graph/shape.ts';
import {
  addDims,
  compareDims,
  divideDims,
  divideIntegers,
  largerDim,
  moduloDims,
  multiplyDims,
  smallerDim,
  subtractDims,
} from '../../../src/models/onnx/dim-arithmetic.ts';

const B = symbol('B');
const times = (factor: number): Dim => timesDim(B, factor);

describe('with the batch', () => {
  it.each<[string, Dim, Dim]>([
    ['3B + 2B', addDims(times(3), times(2)), times(5)],
    ['B + 0', addDims(B, 0), B],
    ['3B − B', subtractDims(times(3), B), times(2)],
    ['B − B', subtractDims(B, B), 0],
    ['48B / 16', divideIntegers(times(48), 16), times(3)],
    ['48B / B', divideDims(times(48), B), 48],
    ['64B mod 16', moduloDims(times(64), 16), 0],
    ['B · 7', multiplyDims(B, 7), times(7)],
    ['max(B, 1)', largerDim(B, 1), B],
    ['max(0, B)', largerDim(0, B), B],
    ['min(1, B)', smallerDim(1, B), 1],
    ['min(2B, 3B)', smallerDim(times(2), times(3)), times(2)],
  ])('%s', (_, actual, expected) => {
    expect(actual).toEqual(expected);
  });

  it('compares what holds for every batch', () => {
    expect(compareDims(B, -1)).toBeGreaterThan(0);
    expect(compareDims(0, B)).toBeLessThan(0);
    expect(compareDims(times(4), 3)).toBeGreaterThan(0);
    expect(compareDims(times(2), times(2))).toBe(0);
  });

  it.each<[string, () => unknown]>([
    ['B + 1', () => addDims(B, 1)],
    ['B / 2', () => divideIntegers(B, 2)],
    ['1 / B', () => divideDims(1, B)],
    ['B mod 2', () => moduloDims(B, 2)],
    ['B < 5', () => compareDims(B, 5)],
    ['B · B · B · B · B', () => multiplyDims(multiplyDims(B, multiplyDims(B, B)), multiplyDims(B, B))],
  ])('refuses %s, which no batch-wise network needs', (_, compute) => {
    expect(compute).toThrow(ShapeError);
  });
});

it('divides integers towards zero and takes remainders of the divisor’s sign', () => {
  expect([divideIntegers(7, 2), divideIntegers(-7, 2)]).toEqual([3, -3]);
  expect([moduloDims(7, 3), moduloDims(-7, 3), moduloDims(7, -3)]).toEqual([1, 2, -2]);
  expect(() => divideIntegers(1, 0)).toThrow(ShapeError);
});
