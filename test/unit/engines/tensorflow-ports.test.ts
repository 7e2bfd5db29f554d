import { describe, expect, it } from 'vitest';
import { check, fed, taken, wordPort } from '../../../src/engines/tensorflow-ports.ts';
import type { InPort } from '../../../src/engines/tensorflow-ports.ts';
import { symbol } from '../../../src/graph/shape.ts';
import type { Shape } from '../../../src/graph/shape.ts';
import { float32, fromBytes, int64 } from '../../../src/graph/tensor.ts';
import type { DType } from '../../../src/graph/tensor.ts';

const B = symbol('B');

function portOf(shape: Shape, dtype: DType): InPort {
  const { leading, needsShape } = wordPort(shape, dtype);
  return {
    name: 'x',
    type: { shape, dtype },
    node: 'input_0',
    offset: undefined,
    leading,
    shapeNode: needsShape ? 'input_0_shape' : undefined,
  };
}

describe('an input as words', () => {
  it('keeps the shape of elements of one word, and their memory', () => {
    const x = float32([2, 3], [1, 2, 3, 4, 5, 6]);
    const [words] = fed(portOf([B, 3], 'float32'), x);
    expect(words).toMatchObject({ node: 'input_0', shape: [2, 3] });
    expect(words!.words.buffer).toBe(x.data.buffer);
  });

  it('has two words for an int64', () => {
    expect(fed(portOf([B], 'int64'), int64([2], [1, -1]))[0]).toMatchObject({
      shape: [2, 2],
      words: Int32Array.of(1, 0, -1, -1),
    });
  });

  it('packs the bytes of each image into words of its own, so that they tell how many images there are', () => {
    const images = fromBytes(
      'uint8',
      [2, 2, 2, 3],
      Uint8Array.from({ length: 24 }, (_, index) => index),
    );
    const ports = fed(portOf([B, 2, 2, 3], 'uint8'), images);
    expect(ports.map(({ shape }) => shape)).toEqual([[2, 3]]);
  });

  it('fills the last word of bytes that make no whole one', () => {
    const ports = fed(portOf([5], 'bool'), fromBytes('bool', [5], Uint8Array.of(1, 0, 1, 1, 1)));
    expect(ports).toMatchObject([{ shape: [2], words: Int32Array.of(0x01010001, 1) }]);
  });

  it('feeds the shape as well where words do not tell it', () => {
    const ports = fed(portOf([B, 3], 'uint8'), fromBytes('uint8', [2, 3], Uint8Array.of(1, 2, 3, 4, 5, 6)));
    expect(ports).toMatchObject([
      { node: 'input_0', shape: [2] },
      { node: 'input_0_shape', words: Int32Array.of(2, 3) },
    ]);
  });

  it('of another shape or type is refused', () => {
    const port = portOf([B, 2], 'float32');
    expect(() => {
      check(port, float32([2, 3], [1, 2, 3, 4, 5, 6]));
    }).toThrow('x is fed float32 [2, 3], not float32 [B, 2]');
    expect(() => {
      check(port, int64([1, 2], [1, 2]));
    }).toThrow('x is fed int64 [1, 2], not float32 [B, 2]');
  });

  it('copies a part of an array that does not begin with a word', () => {
    const bytes = new Uint8Array(9).subarray(1).fill(7);
    expect(fed(portOf([8], 'uint8'), fromBytes('uint8', [8], bytes))[0]!.words).toEqual(
      Int32Array.of(0x07070707, 0x07070707),
    );
  });
});

describe('an output', () => {
  const out = { name: 'y', node: 'output_0', part: undefined };

  it('is written into the tensor that is given for it', () => {
    const into = float32([2], [0, 0]);
    const result = taken({ ...out, dtype: 'float32' }, { shape: [2], data: Float32Array.of(1, 2) }, into);
    expect(result).toBe(into);
    expect(into.data).toEqual(Float32Array.of(1, 2));
  });

  it('of the joint vector is its part', () => {
    const part = { offset: 1, shape: [1, 2] };
    const result = taken(
      { ...out, dtype: 'float32', part },
      { shape: [4], data: Float32Array.of(1, 2, 3, 4) },
      undefined,
    );
    expect(result).toEqual(float32([1, 2], [2, 3]));
  });

  it('is narrowed to its type, of which TensorFlow has handed out a wider one', () => {
    const halves = taken({ ...out, dtype: 'float16' }, { shape: [1], data: Int32Array.of(0x3c00) }, undefined);
    expect(halves).toEqual({ dtype: 'float16', shape: [1], data: Uint16Array.of(0x3c00) });
    const bytes = taken({ ...out, dtype: 'int8' }, { shape: [2], data: Int32Array.of(-1, 5) }, undefined);
    expect(bytes.data).toEqual(Int8Array.of(-1, 5));
  });
});
