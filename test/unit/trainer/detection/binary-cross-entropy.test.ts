import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import wabt from 'wabt';
import { Random } from '../../../../src/shared/random.ts';
import { againstZero } from '../../../../src/trainer/detection/binary-cross-entropy.ts';
import { BINARY_CROSS_ENTROPY_WASM } from '../../../../src/trainer/detection/binary-cross-entropy-wasm.ts';

const SOURCE = join(import.meta.dirname, '../../../../src/trainer/detection/binary-cross-entropy.wat');
const SCALE = 0.37;

const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

function evaluate(logits: Float32Array, range = { from: 0, to: logits.length }) {
  const gradients = new Float32Array(logits.length).fill(7);
  return { sum: againstZero(logits, gradients, range, SCALE), gradients };
}

/** Both in parts of what they should be; of gradients the worst. */
function errors(logits: Float32Array): { sum: number; gradient: number } {
  const { sum, gradients } = evaluate(logits);
  const wanted = logits.reduce((total, x) => total + softplus(x), 0);
  const apart = logits.map((x, i) => Math.abs((gradients[i]! * (1 + Math.exp(-x))) / SCALE - 1));
  return { sum: Math.abs(sum / wanted - 1), gradient: Math.max(...apart) };
}

describe('againstZero', () => {
  // −11.5 is where a head of 80 classes begins: ln(1 + 10⁻⁵) of a sum in float32 would have lost three digits.
  it.each([
    { mean: -11.5, spread: 0.01 },
    { mean: -5, spread: 3 },
    { mean: 0, spread: 20 },
    { mean: 60, spread: 5 },
  ])('gives softplus and sigmoid of logits around $mean', ({ mean, spread }) => {
    const random = new Random(3);
    // More than two parts, and no whole number of vectors.
    const logits = Float32Array.from({ length: 20_003 }, () => mean + spread * random.normal());
    const { sum, gradient } = errors(logits.map((x) => Math.max(x, -80)));
    // Roundings of 64 additions and products in float32 each, hardly of the same sign.
    expect(sum).toBeLessThan(1e-6);
    // Some roundings of float32, 6 · 10⁻⁸ each.
    expect(gradient).toBeLessThan(5e-7);
  });

  it('leaves alone what is outside the range', () => {
    const logits = Float32Array.from({ length: 50 }, (_, i) => i / 10 - 2);
    const { sum, gradients } = evaluate(logits, { from: 5, to: 18 });
    expect(sum).toBeCloseTo(
      logits.subarray(5, 18).reduce((total, x) => total + softplus(x), 0),
      5,
    );
    expect([...gradients].flatMap((value, i) => (value === 7 ? [] : [i]))).toEqual(
      Array.from({ length: 13 }, (_, i) => 5 + i),
    );
  });

  it('stays finite for any finite logit and passes on what is no number', () => {
    const largest = 2 ** 127;
    const { sum, gradients } = evaluate(Float32Array.of(largest, -largest, 0, 88, -88, 1000, -1000));
    expect(sum).toBeCloseTo(largest, -30);
    expect(gradients.every((value) => value >= 0 && value <= Math.fround(SCALE))).toBe(true);
    expect(gradients[0]).toBe(Math.fround(SCALE));
    for (const place of [0, 1, 2, 3]) {
      const logits = new Float32Array(4);
      logits[place] = NaN;
      expect(evaluate(logits).sum).toBeNaN();
      expect([...evaluate(logits).gradients].map(Number.isNaN)).toEqual([0, 1, 2, 3].map((at) => at === place));
    }
  });

  it('runs what binary-cross-entropy.wat says', async () => {
    const module = (await wabt()).parseWat(SOURCE, readFileSync(SOURCE, 'utf8'), { simd: true });
    // To change it: compile, and write this into binary-cross-entropy-wasm.ts.
    expect(Buffer.from(module.toBinary({}).buffer).toString('base64')).toBe(BINARY_CROSS_ENTROPY_WASM);
  });
});
