import { describe, expect, it } from 'vitest';
import {
  axisIndex,
  bind,
  broadcast,
  divideDim,
  elements,
  formatShape,
  known,
  sameDim,
  ShapeError,
  symbol,
  timesDim,
} from '../../../src/graph/shape.ts';

const [B, T] = [symbol('B'), symbol('T')];

describe('dimensions', () => {
  it('multiply in any order', () => {
    expect(timesDim(timesDim(B, 3), timesDim(T, 2))).toEqual(timesDim(timesDim(T, B), 6));
    expect(sameDim(timesDim(B, T), timesDim(T, B))).toBe(true);
  });

  it('divide where it is exact', () => {
    expect(divideDim(timesDim(B, 12), 4)).toEqual(timesDim(B, 3));
    expect(divideDim(timesDim(B, 12), B)).toBe(12);
    expect(divideDim(timesDim(B, B), B)).toEqual(B);
    expect(divideDim(timesDim(B, 3), 2)).toBeUndefined();
    expect(divideDim(12, B)).toBeUndefined();
  });

  it('are numbers once nothing symbolic is left', () => {
    expect(timesDim(2, 3)).toBe(6);
    expect(timesDim(B, 0)).toBe(0);
  });

  it('are bound by their symbols', () => {
    const shape = [timesDim(B, B), timesDim(T, 5), 7];
    expect(bind(shape, { B: 3, T: 2 })).toEqual([9, 10, 7]);
    expect(() => bind(shape, { B: 3 })).toThrow('dimension T has no value');
  });

  it('must be known where an op needs a number', () => {
    expect(known(4, 'the width')).toBe(4);
    expect(() => known(timesDim(B, 2), 'the width')).toThrow('the width must be known before the graph runs, not 2·B');
  });
});

describe('shapes', () => {
  it('count their elements', () => {
    expect(elements([])).toBe(1);
    expect(elements([B, 3, 4])).toEqual(timesDim(B, 12));
  });

  it('broadcast from the right, symbols too', () => {
    expect(broadcast([2, 1, 4], [3, 1])).toEqual([2, 3, 4]);
    expect(broadcast([], [2])).toEqual([2]);
    expect(broadcast([1, 3], [B, 3])).toEqual([B, 3]);
    expect(broadcast([B, 1], [1, T])).toEqual([B, T]);
  });

  it('refuse what does not broadcast', () => {
    expect(() => broadcast([2, 3], [4])).toThrow(ShapeError);
    // A batch that happens to have the right length today need not tomorrow.
    expect(() => broadcast([B], [T])).toThrow('[B] and [T] do not broadcast');
    expect(() => broadcast([B], [3])).toThrow(ShapeError);
  });

  it('read as they are written', () => {
    expect(formatShape([timesDim(B, 197), B, 3])).toBe('[197·B, B, 3]');
  });
});

describe('an axis', () => {
  it('counts from the end when negative', () => {
    expect(axisIndex(-1, 3)).toBe(2);
    expect(axisIndex(0, 3)).toBe(0);
  });

  it.each([3, -4, 0.5])('%d is refused in three dimensions', (axis) => {
    expect(() => axisIndex(axis, 3)).toThrow(`axis ${axis} does not exist in a tensor of 3 dimensions`);
  });
});
