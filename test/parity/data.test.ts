import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage } from '../../src/data/decode-image.ts';
import { preprocess } from '../../src/data/preprocess.ts';
import { preprocessingSchema } from '../../src/shared/preprocessing.ts';
import { drawn } from '../unit/data/drawn.ts';
import { runPython } from './python.ts';

interface Case {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly preprocessing: object;
  readonly pillow?: string;
  readonly torchvision: string;
}

const decoded = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

function differences(actual: Uint8Array, expected: Uint8Array): { most: number; mean: number } {
  expect(actual.length).toBe(expected.length);
  let [most, sum] = [0, 0];
  for (const [i, value] of actual.entries()) {
    const difference = Math.abs(value - expected[i]!);
    most = Math.max(most, difference);
    sum += difference;
  }
  return { most, mean: sum / actual.length };
}

describe('preprocess at full size', () => {
  it("equals both backends of transformers' image processors", async () => {
    const { cases } = JSON.parse(await runPython('data_preprocess.py', ['--large'])) as { cases: Case[] };
    expect(cases.length).toBeGreaterThan(10);
    for (const { name, width, height, preprocessing, pillow, torchvision } of cases) {
      const given = preprocessingSchema.parse({ ...preprocessing, mean: [0, 0, 0], std: [1, 1, 1] });
      const actual = preprocess(drawn(width, height), given);
      if (pillow !== undefined) expect(differences(actual, decoded(pillow)).most, name).toBe(0);
      // Torchvision's kernels round their weights to 16 bits, which the many lobes of Lanczos sum up.
      const own = name.includes('lanczos') ? 2 : 1;
      expect(differences(actual, decoded(torchvision)).most, name).toBeLessThanOrEqual(own);
    }
  });
});

describe('decoding of photographs', () => {
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'lowrank-parity-'));
    await runPython('data_photographs.py', [folder]);
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each([
    // Chroma in full: only the rounding of the inverse transform and of the colour conversion is free.
    ['444.jpg', 3, 0.1],
    ['grey.jpg', 1, 0.05],
    // Chroma is interpolated, and decoders differ in where they round.
    ['422.jpg', 4, 0.5],
    ['420.jpg', 5, 0.6],
    ['progressive.jpg', 5, 0.6],
    ['lossy.webp', 0, 0],
    ['rgb.png', 0, 0],
  ])('%s is within %i levels of Pillow, %f in the mean', async (name, most, mean) => {
    const { data } = await decodeImage(join(folder, name));
    const actual = differences(data, new Uint8Array(readFileSync(join(folder, `${name}.rgb`))));
    expect(actual.most).toBeLessThanOrEqual(most);
    expect(actual.mean).toBeLessThanOrEqual(mean);
  });
});
