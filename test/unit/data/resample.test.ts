/** The two ways to resample, by vectors and by numbers. That either gives what Pillow does is tested in preprocess.test.ts. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import wabt from 'wabt';
import { resampleByNumbers } from '../../../src/data/resample.ts';
import { resampleByVectors } from '../../../src/data/resample-vectors.ts';
import { RESAMPLE_WASM } from '../../../src/data/resample-wasm.ts';
import { weightsFor } from '../../../src/data/resample-weights.ts';
import { Random } from '../../../src/shared/random.ts';

const SOURCE = join(import.meta.dirname, '../../../src/data/resample.wat');
const FILTERS = ['bilinear', 'bicubic', 'lanczos'] as const;

/** Any part of an image of noise, to any size, of which any part is wanted. */
function drawCase(random: Random) {
  const length = (most: number): number => 1 + random.int(most);
  const [width, height] = [length(90), length(90)];
  const data = Uint8Array.from({ length: width * height * 3 }, () => random.int(2) * 255);
  const inside = (across: number, down: number) => {
    const part = { width: length(across), height: length(down) };
    return { ...part, x: random.int(across - part.width + 1), y: random.int(down - part.height + 1) };
  };
  const box = inside(width, height);
  const size = { width: length(60), height: length(60) };
  const window = inside(size.width, size.height);
  return { image: { width, height, data }, box, size, window, filter: FILTERS[random.int(FILTERS.length)]! };
}

describe('resampleByVectors', () => {
  it('gives every bit as numbers one by one do, up or down, of any part', () => {
    const random = new Random(8);
    for (let index = 0; index < 400; index++) {
      const { image, box, size, window, filter } = drawCase(random);
      const [across, down] = [weightsFor(box.width, size.width, filter), weightsFor(box.height, size.height, filter)];
      const last = window.y + window.height - 1;
      const top = down.starts[window.y]!;
      const rows = { top, count: down.starts[last]! + down.counts[last]! - top };
      const part = { image, box, rows, window };
      const found = resampleByVectors(part, across, down);
      expect(found, JSON.stringify({ box, size, window, filter })).toEqual(resampleByNumbers(part, across, down));
    }
  });

  it('leaves images alone whose copy would stay in its memory for good', () => {
    const [width, height] = [6000, 5000];
    const whole = { x: 0, y: 0, width, height };
    const image = { width, height, data: new Uint8Array(width * height * 3) };
    const [across, down] = [weightsFor(width, 8, 'bilinear'), weightsFor(height, 8, 'bilinear')];
    const part = { image, box: whole, rows: { top: 0, count: height }, window: { x: 0, y: 0, width: 8, height: 8 } };
    expect(resampleByVectors(part, across, down)).toBeUndefined();
  });

  it('runs what resample.wat says', async () => {
    const module = (await wabt()).parseWat(SOURCE, readFileSync(SOURCE, 'utf8'), { simd: true });
    // To change it: compile, and write this into resample-wasm.ts.
    expect(Buffer.from(module.toBinary({}).buffer).toString('base64')).toBe(RESAMPLE_WASM);
  });
});
