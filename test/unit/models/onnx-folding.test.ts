import { describe, expect, it } from 'vitest';
import { ShapeError, symbol } from '../../../src/graph/shape.ts';
import type { Dim } from '../../../src/graph/shape.ts';
import { int64 } from '../../../src/graph/tensor.ts';
import { addDims } from '../../../src/models/onnx/dim-arithmetic.ts';
import { Folding } from '../../../src/models/onnx/folding.ts';
import { MAX_FOLDED } from '../../../src/models/onnx/limits.ts';
import { knownDims, knownTensor } from '../../../src/models/onnx/operand.ts';
import type { Known } from '../../../src/models/onnx/operand.ts';

const folding = new Folding();
const matrix = knownTensor(int64([2, 3], [1, 2, 3, 4, 5, 6]), 'matrix');
const told = ({ stored, elements }: Known) => ({ shape: stored, elements: Array.from(elements) });

describe('moves elements', () => {
  it.each<[string, Known, number[], Dim[]]>([
    ['transposed', folding.transpose(matrix, [1, 0]), [3, 2], [1, 4, 2, 5, 3, 6]],
    ['every second column backwards', folding.slice(matrix, 1, 2, 2, -2), [2, 2], [3, 1, 6, 4]],
    ['nothing of it', folding.slice(matrix, 0, 2, 0, 1), [0, 3], []],
    ['rows by index', folding.gather(matrix, [1, 0, 1], 0, [3]), [3, 3], [4, 5, 6, 1, 2, 3, 4, 5, 6]],
    ['one column', folding.gather(matrix, [1], 1, []), [2], [2, 5]],
    ['joined', folding.concat([matrix, matrix], -1), [2, 6], [1, 2, 3, 1, 2, 3, 4, 5, 6, 4, 5, 6]],
    ['summed over columns', folding.reduce(matrix, [1], true, addDims), [2, 1], [6, 15]],
    ['summed over rows', folding.reduce(matrix, [0], false, addDims), [3], [5, 7, 9]],
  ])('%s', (_, actual, shape, elements) => {
    expect(told(actual)).toEqual({ shape, elements });
  });

  it('replaces rows and elements as ScatterND does', () => {
    const rows = knownTensor(int64([1, 1], [-1]));
    expect(told(folding.scatter(matrix, rows, knownTensor(int64([1, 3], [7, 8, 9])))).elements).toEqual([
      1, 2, 3, 7, 8, 9,
    ]);
    const places = knownTensor(int64([2, 2], [0, 1, 1, 2]));
    expect(told(folding.scatter(matrix, places, knownTensor(int64([2], [0, 0])))).elements).toEqual([1, 0, 3, 4, 5, 0]);
  });

  it('remembers whose elements they are', () => {
    expect(folding.transpose(matrix, [1, 0])).toMatchObject({ name: undefined, origin: 'matrix' });
  });
});

it('computes with broadcasting, sizes that hold the batch among the numbers', () => {
  const B = symbol('B');
  const sum = folding.map('int64', [knownTensor(int64([2, 1], [0, 0])), knownDims([B, 3])], addDims);
  expect(told(sum)).toEqual({ shape: [2, 2], elements: [B, 3, B, 3] });
});

it('keeps what is the same for each image once', () => {
  const repeated: Known = { ...matrix, shape: [symbol('B'), 2, 3], stored: [1, 2, 3] };
  const sum = folding.map('int64', [repeated, matrix], addDims);
  expect(sum.shape).toEqual([symbol('B'), 2, 3]);
  expect(told(sum)).toEqual({ shape: [1, 2, 3], elements: [2, 4, 6, 8, 10, 12] });
});

describe('makes no more than the file warrants', () => {
  it('refuses a giant before it exists', () => {
    expect(() => new Folding().filled('int64', [2 ** 40], 0)).toThrow(ShapeError);
    expect(() => new Folding().range('int64', 0, 1, Infinity)).toThrow(ShapeError);
    expect(() => new Folding().filled('int64', [NaN], 0)).toThrow(ShapeError);
  });

  it('counts all that is made, and more for each weight', () => {
    const counted = new Folding();
    counted.filled('float32', [MAX_FOLDED], 0);
    expect(() => counted.filled('float32', [1], 0)).toThrow(ShapeError);
    counted.allow(matrix);
    expect(counted.filled('float32', [6], 0).elements).toHaveLength(6);
  });
});
