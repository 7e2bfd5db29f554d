import { describe, expect, it } from 'vitest';
import { ShapeError, symbol, timesDim } from '../../../src/graph/shape.ts';
import type { Dim, Shape } from '../../../src/graph/shape.ts';
import { reshapedTo, unsqueezed } from '../../../src/models/onnx/reshaping.ts';

const B = symbol('B');
const times = (factor: number): Dim => timesDim(B, factor);
const dynamic = { allowZero: false, fixedBatch: false };
const fixed = { allowZero: false, fixedBatch: true };

describe('a dynamic batch', () => {
  it.each<[Shape, Dim[], Shape]>([
    [
      [B, 17, 48],
      [-1, 17, 3, 16],
      [B, 17, 3, 16],
    ],
    [
      [B, 17, 48],
      [0, 0, 3, 16],
      [B, 17, 3, 16],
    ],
    [
      [B, 3, 17, 16],
      [-1, 17, 16],
      [times(3), 17, 16],
    ],
    [
      [times(16), 16, 24],
      [B, 16, 16, -1],
      [B, 16, 16, 24],
    ],
    [
      [B, 48, 1, 1],
      [-1, 48],
      [B, 48],
    ],
  ])('%j as %j', (input, wanted, expected) => {
    expect(reshapedTo(input, wanted, dynamic)).toEqual(expected);
  });

  it('refuses what holds for some batch only', () => {
    expect(() => reshapedTo([B, 4, 4], [1, 16], dynamic)).toThrow(ShapeError);
    expect(() => reshapedTo([B, 4, 4], [-1, 5], dynamic)).toThrow(ShapeError);
  });
});

describe('exported for one image', () => {
  it.each<[string, Shape, Dim[], Shape]>([
    ['tokens into heads', [B, 17, 48], [1, 17, 3, 16], [B, 17, 3, 16]],
    ['flattened', [B, 3, 4, 4], [1, -1], [B, 48]],
    ['images into windows', [B, 4, 4, 4, 4, 24], [16, 16, 24], [times(16), 16, 24]],
    ['windows into images', [times(16), 16, 24], [1, 4, 4, 4, 4, 24], [B, 4, 4, 4, 4, 24]],
    ['windows into windows', [times(16), 16, 72], [16, 16, 3, 24], [times(16), 16, 3, 24]],
    ['a batch that is not first', [3, B, 17, 16], [3, 1, 272], [3, B, 272]],
    ['sizes read from the input', [B, 17, 48], [B, -1], [B, 816]],
  ])('%s', (_, input, wanted, expected) => {
    expect(reshapedTo(input, wanted, fixed)).toEqual(expected);
  });

  it('refuses to mix images with what lies beside them', () => {
    // [3, B, 4] in memory has the 3 outside the batch: there is no axis of 12 to part by image.
    expect(() => reshapedTo([3, B, 4], [12], fixed)).toThrow(ShapeError);
    expect(() => reshapedTo([3, B, 4], [times(3), 4], fixed)).toThrow(ShapeError);
  });
});

it('puts ones where they belong', () => {
  expect(unsqueezed([B, 3], [0, -1])).toEqual([1, B, 3, 1]);
  expect(unsqueezed([], [0])).toEqual([1]);
  expect(() => unsqueezed([3], [0, 0])).toThrow(ShapeError);
  expect(() => unsqueezed([3], [4])).toThrow(ShapeError);
});
