/**
 * 16-bit floats as bits in a `Uint16Array`: IEEE binary16 (1 sign, 5 exponent, 10 fraction bits) and bfloat16 (1, 8, 7).
 * Reading is exact; writing rounds to nearest, ties to even, as hardware does.
 */
import type { HalfType } from '../graph/tensor.ts';

/** Bits of binary32 that frame the cases of `halfBits`. */
const INFINITE = 0x7f800000;
/** 65520: halfway between the largest half (65504) and the next power of two, so it and all above round to infinity. */
const OVERFLOW = 0x477ff000;
/** 2⁻¹⁴: the smallest normal half. */
const SMALLEST_NORMAL = 0x38800000;

let table: Float32Array | undefined;

/** binary16 → binary32, exactly. One look-up an element: all 65 536 values are computed once (256 KB). */
export function floatsOfHalves(halves: Uint16Array): Float32Array {
  table ??= Float32Array.from({ length: 0x10000 }, (_, bits) => floatOfHalf(bits));
  const floats = new Float32Array(halves.length);
  for (let i = 0; i < halves.length; i++) floats[i] = table[halves[i]!]!;
  return floats;
}

/** binary32 → binary16, rounded to nearest even; beyond ±65504 it becomes infinite, NaN stays NaN. */
export function halvesOfFloats(floats: Float32Array): Uint16Array {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const halves = new Uint16Array(floats.length);
  for (let i = 0; i < halves.length; i++) halves[i] = halfBits(bits[i]!);
  return halves;
}

/** binary32 → bfloat16, rounded to nearest even; NaN stays NaN. */
export function bfloatsOfFloats(floats: Float32Array): Uint16Array {
  const bits = new Uint32Array(floats.buffer, floats.byteOffset, floats.length);
  const bfloats = new Uint16Array(floats.length);
  for (let i = 0; i < bfloats.length; i++) {
    const all = bits[i]!;
    const isNaN = (all & 0x7fffffff) > INFINITE;
    // Adding just less than half of what is dropped, and one more where the kept part is odd, carries as rounding does.
    bfloats[i] = isNaN ? (all >>> 16) | 0x40 : (all + 0x7fff + ((all >>> 16) & 1)) >>> 16;
  }
  return bfloats;
}

/** The bits of one number in a type of half the width. */
export function bitsOf(value: number, dtype: HalfType): number {
  return (dtype === 'float16' ? halvesOfFloats : bfloatsOfFloats)(Float32Array.of(value))[0]!;
}

/** bfloat16 → binary32, exactly: it is the upper half of the same number. */
export function floatsOfBfloats(bfloats: Uint16Array): Float32Array {
  const bits = new Uint32Array(bfloats.length);
  for (let i = 0; i < bits.length; i++) bits[i] = bfloats[i]! << 16;
  return new Float32Array(bits.buffer);
}

function floatOfHalf(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}

function halfBits(bits: number): number {
  const sign = (bits >>> 16) & 0x8000;
  const magnitude = bits & 0x7fffffff;
  if (magnitude >= OVERFLOW) return sign | (magnitude > INFINITE ? 0x7e00 : 0x7c00);
  if (magnitude >= SMALLEST_NORMAL) {
    // Rebias the exponent by 15 − 127 and drop 13 bits; a carry out of the fraction rightly raises the exponent.
    const even = (magnitude >>> 13) & 1;
    return sign | ((magnitude - 0x38000000 + 0xfff + even) >>> 13);
  }
  // Subnormal: the fraction with its leading one, in units of 2⁻²⁴.
  const shift = 126 - (magnitude >>> 23);
  if (shift > 24) return sign;
  const fraction = (magnitude & 0x7fffff) | 0x800000;
  const kept = fraction >>> shift;
  const rest = fraction & ((1 << shift) - 1);
  const half = 1 << (shift - 1);
  return sign | (kept + (rest > half || (rest === half && kept % 2 === 1) ? 1 : 0));
}
