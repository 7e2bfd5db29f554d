import { describe, expect, it } from 'vitest';
import { bfloatsOfFloats, bitsOf, floatsOfBfloats, floatsOfHalves, halvesOfFloats } from '../../../src/formats/half.ts';

const ALL = Uint16Array.from({ length: 0x10000 }, (_, i) => i);
const LARGEST = 0x7bff;

/** The float32 next to x, away from zero (step 1) or towards it (step −1). */
function neighbour(x: number, step: number): number {
  const bits = new Uint32Array(Float32Array.of(x).buffer);
  return new Float32Array(Uint32Array.of(bits[0]! + step).buffer)[0]!;
}

describe('binary16', () => {
  it('reads known values', () => {
    const halves = Uint16Array.of(0x0000, 0x8000, 0x3c00, 0xc000, 0x7bff, 0x0001, 0x0400, 0x7c00, 0xfc00, 0x3555);
    const expected = [0, -0, 1, -2, 65504, 2 ** -24, 2 ** -14, Infinity, -Infinity, 0.333251953125];
    expect([...floatsOfHalves(halves)]).toEqual(expected);
    expect(floatsOfHalves(Uint16Array.of(0x7e00))[0]).toBeNaN();
  });

  it('writes every half back as it was', () => {
    const back = halvesOfFloats(floatsOfHalves(ALL));
    const isNaNHalf = (bits: number): boolean => (bits & 0x7fff) > 0x7c00;
    expect(ALL.every((bits) => (isNaNHalf(bits) ? isNaNHalf(back[bits]!) : back[bits] === bits))).toBe(true);
  });

  it('rounds to the nearest, and to even between two halves', () => {
    const wrong: number[] = [];
    const floats = floatsOfHalves(ALL);
    for (let low = 0; low < LARGEST; low++) {
      const middle = (floats[low]! + floats[low + 1]!) / 2;
      const probes = Float32Array.of(neighbour(middle, -1), middle, neighbour(middle, 1), -middle);
      const even = low % 2 === 0 ? low : low + 1;
      const [below, tie, above, negative] = halvesOfFloats(probes);
      if (below !== low || tie !== even || above !== low + 1 || negative !== (even | 0x8000)) wrong.push(low);
    }
    expect(wrong).toEqual([]);
  });

  it('overflows to infinity from 65520 on', () => {
    const [fits, over, far] = halvesOfFloats(Float32Array.of(neighbour(65520, -1), 65520, -3e38));
    expect([fits, over, far]).toEqual([LARGEST, 0x7c00, 0xfc00]);
  });

  it('takes an array that lies inside another', () => {
    const whole = Float32Array.of(9, 1, -2);
    expect([...halvesOfFloats(whole.subarray(1))]).toEqual([0x3c00, 0xc000]);
  });
});

it('has the bits of single numbers', () => {
  expect([bitsOf(1, 'float16'), bitsOf(-2, 'bfloat16')]).toEqual([0x3c00, 0xc000]);
});

describe('bfloat16', () => {
  it('is the upper half of a float32', () => {
    const floats = floatsOfBfloats(ALL);
    const bits = new Uint32Array(floats.buffer);
    expect(bits.every((value, i) => value === i * 0x10000)).toBe(true);
    expect([...floatsOfBfloats(Uint16Array.of(0x3f80, 0xc000, 0x7f80))]).toEqual([1, -2, Infinity]);
  });

  it('is written back as it was', () => {
    const isNaNBfloat = (bits: number): boolean => (bits & 0x7fff) > 0x7f80;
    const back = bfloatsOfFloats(floatsOfBfloats(ALL));
    expect(ALL.every((bits) => (isNaNBfloat(bits) ? isNaNBfloat(back[bits]!) : back[bits] === bits))).toBe(true);
  });

  it('is rounded to the nearest, to even between two, and above the largest to infinity', () => {
    const bits = Uint32Array.of(0x3f807fff, 0x3f808000, 0x3f808001, 0x3f818000, 0xbf818000, 0x7f7fffff);
    const rounded = bfloatsOfFloats(new Float32Array(bits.buffer));
    expect([...rounded]).toEqual([0x3f80, 0x3f80, 0x3f81, 0x3f82, 0xbf82, 0x7f80]);
  });
});
