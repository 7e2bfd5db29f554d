import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { augment, drawCrop, isIdentity, sampleRandom } from '../../../src/data/augment.ts';
import { ADJUST, jitter } from '../../../src/data/jitter.ts';
import { preprocess } from '../../../src/data/preprocess.ts';
import { augmentationSchema } from '../../../src/shared/job.ts';
import { Random } from '../../../src/shared/random.ts';
import type { Preprocessing } from '../../../src/shared/preprocessing.ts';
import { drawn } from './drawn.ts';

const PREPROCESSING: Preprocessing = {
  resize: { mode: 'shortest-edge', edge: 12 },
  crop: { height: 10, width: 10 },
  interpolation: 'bicubic',
  mean: [0, 0, 0],
  std: [1, 1, 1],
};
const image = drawn(40, 30);
const plain = preprocess(image, PREPROCESSING);
const none = augmentationSchema.parse({ flip: 0 });

function mirrored(pixels: Uint8Array, width: number): number[] {
  const rows = Array.from({ length: pixels.length / (3 * width) }, (_, row) =>
    Array.from({ length: width }, (_, x) => [...pixels.subarray((row * width + x) * 3, (row * width + x + 1) * 3)]),
  );
  return rows.flatMap((row) => row.toReversed().flat());
}

describe('augment', () => {
  it('does nothing but preprocess where all is off', () => {
    expect(isIdentity(none)).toBe(true);
    expect(augment(image, PREPROCESSING, none, new Random(1))).toEqual(plain);
    for (const options of [{ flip: 0.1 }, { flip: 0, crop: {} }, { flip: 0, jitter: {} }]) {
      expect(isIdentity(augmentationSchema.parse(options))).toBe(false);
    }
  });

  it('flips from left to right with its probability', () => {
    const always = augment(image, PREPROCESSING, { ...none, flip: 1 }, new Random(1));
    expect([...always]).toEqual(mirrored(plain, 10));
    const half = { ...none, flip: 0.5 };
    const flipped = Array.from({ length: 200 }, (_, i) =>
      augment(image, PREPROCESSING, half, sampleRandom(0, 0, i)),
    ).filter((pixels) => pixels[0] !== plain[0]).length;
    // 200 fair draws: 5 standard deviations are 35.
    expect(Math.abs(flipped - 100)).toBeLessThan(36);
  });

  it('depends on seed, view and sample, each alone', () => {
    const all = augmentationSchema.parse({ crop: {}, jitter: {} });
    const at = (seed: number, view: number, sample: number): string =>
      Buffer.from(augment(image, PREPROCESSING, all, sampleRandom(seed, view, sample))).toString('base64');
    expect(at(1, 2, 3)).toBe(at(1, 2, 3));
    expect(new Set([at(1, 2, 3), at(2, 2, 3), at(1, 3, 3), at(1, 2, 4), at(1, 3, 2)]).size).toBe(5);
  });
});

describe('drawCrop', () => {
  it('stays inside the image and within its ranges', () => {
    const crop = { scale: [0.2, 0.6], ratio: [0.5, 2] } as const;
    const seen = new Set<string>();
    for (let i = 0; i < 500; i++) {
      const { x, y, width, height } = drawCrop(
        { width: 200, height: 150 },
        { scale: [0.2, 0.6], ratio: [0.5, 2] },
        new Random(i),
      );
      seen.add(`${x} ${y} ${width} ${height}`);
      expect(Math.min(x, y)).toBeGreaterThanOrEqual(0);
      expect([x + width <= 200, y + height <= 150]).toEqual([true, true]);
      // Each side is rounded by half a pixel: of at least 54 pixels, under 1 %.
      const [area, ratio] = [(width * height) / (200 * 150), width / height];
      expect([area > crop.scale[0] * 0.98, area < crop.scale[1] * 1.02]).toEqual([true, true]);
      expect([ratio > crop.ratio[0] * 0.98, ratio < crop.ratio[1] * 1.02]).toEqual([true, true]);
    }
    expect(seen.size).toBeGreaterThan(490);
  });

  it('takes the centre where no crop fits', () => {
    const whole = { scale: [1, 1] as [number, number], ratio: [1, 1] as [number, number] };
    expect(drawCrop({ width: 100, height: 20 }, whole, new Random(0))).toEqual({ x: 40, y: 0, width: 20, height: 20 });
    expect(drawCrop({ width: 3, height: 900 }, whole, new Random(0))).toEqual({ x: 0, y: 448, width: 3, height: 3 });
    expect(drawCrop({ width: 1, height: 1 }, { ...whole, scale: [0.01, 0.1] }, new Random(0))).toEqual({
      x: 0,
      y: 0,
      width: 1,
      height: 1,
    });
  });
});

describe('jitter', () => {
  const golden = z
    .object({
      jitter: z.array(
        z.object({
          property: z.enum(['brightness', 'contrast', 'saturation']),
          factor: z.number(),
          pixels: z.base64(),
        }),
      ),
    })
    .parse(JSON.parse(readFileSync(new URL('../../fixtures/data/preprocess.json', import.meta.url), 'utf8')));

  it.each(golden.jitter)('adjusts $property by $factor as torchvision does', ({ property, factor, pixels }) => {
    const actual = drawn(9, 7).data;
    ADJUST[property](actual, factor);
    const expected = Buffer.from(pixels, 'base64');
    // Torchvision computes in float32 and truncates: where the exact value is an integer, it may come out one less.
    expect(actual.reduce((most, value, i) => Math.max(most, Math.abs(value - expected[i]!)), 0)).toBeLessThanOrEqual(1);
  });

  it('changes nothing where its ranges are empty', () => {
    const pixels = drawn(9, 7).data;
    jitter(pixels, { brightness: 0, contrast: 0, saturation: 0 }, new Random(3));
    expect(pixels).toEqual(drawn(9, 7).data);
  });

  it('keeps the mean brightness within its range', () => {
    for (let i = 0; i < 50; i++) {
      const pixels = new Uint8Array(300).fill(100);
      jitter(pixels, { brightness: 0.3, contrast: 0, saturation: 0 }, new Random(i));
      expect([pixels[0]! >= 70, pixels[0]! <= 130]).toEqual([true, true]);
    }
  });
});
