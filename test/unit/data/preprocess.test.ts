import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { preprocess, resizedSize } from '../../../src/data/preprocess.ts';
import { resample } from '../../../src/data/resample.ts';
import { preprocessingSchema } from '../../../src/shared/preprocessing.ts';
import { drawn } from './drawn.ts';

const fixture = new URL('../../fixtures/data/preprocess.json', import.meta.url);
const golden = z.object({
  cases: z.array(
    z.object({
      name: z.string(),
      width: z.number(),
      height: z.number(),
      preprocessing: z.object({ resize: z.any(), crop: z.any(), interpolation: z.string() }),
      pillow: z.string().optional(),
      torchvision: z.string(),
    }),
  ),
});
const { cases } = golden.parse(JSON.parse(readFileSync(fixture, 'utf8')));
const pixels = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

describe('preprocess', () => {
  it.each(cases)(
    "equals transformers' image processors: $name",
    ({ width, height, preprocessing, pillow, torchvision }) => {
      const actual = preprocess(
        drawn(width, height),
        preprocessingSchema.parse({ ...preprocessing, mean: [0, 0, 0], std: [1, 1, 1] }),
      );
      if (pillow !== undefined) expect(actual).toEqual(pixels(pillow));
      // Torchvision's tensor kernels use 16-bit weights: one level of 255 is their own difference from Pillow.
      const expected = pixels(torchvision);
      expect(actual.length).toBe(expected.length);
      expect(largestDifference(actual, expected)).toBeLessThanOrEqual(1);
    },
  );

  it('keeps an image that already has the size', () => {
    const image = drawn(8, 6);
    const resize = { mode: 'exact', width: 8, height: 6 } as const;
    for (const interpolation of ['nearest', 'bilinear', 'bicubic', 'lanczos'] as const) {
      const same = preprocess(image, { resize, crop: null, interpolation, mean: [0, 0, 0], std: [1, 1, 1] });
      expect(same).toEqual(image.data);
    }
  });

  it('bounds what an extremely long image is resized to', () => {
    expect(resizedSize({ width: 65_535, height: 1 }, { mode: 'shortest-edge', edge: 224 })).toEqual({
      width: 65_535,
      height: 224,
    });
  });
});

describe('resample', () => {
  it('computes a window of the result as the whole result has it', () => {
    const image = drawn(31, 17);
    const box = { x: 3, y: 2, width: 25, height: 14 };
    const size = { width: 12, height: 20 };
    for (const interpolation of ['nearest', 'bilinear', 'bicubic', 'lanczos'] as const) {
      const whole = resample(image, box, size, { x: 0, y: 0, ...size }, interpolation);
      const part = resample(image, box, size, { x: 4, y: 7, width: 5, height: 6 }, interpolation);
      const expected = Array.from({ length: 6 }, (_, row) => {
        const start = ((7 + row) * size.width + 4) * 3;
        return [...whole.subarray(start, start + 15)];
      });
      expect([...part]).toEqual(expected.flat());
    }
  });

  it('lets nothing outside the box through', () => {
    const image = drawn(20, 20);
    const box = { x: 5, y: 6, width: 9, height: 8 };
    const cut = new Uint8Array(9 * 8 * 3);
    for (let row = 0; row < 8; row++) {
      const start = ((6 + row) * 20 + 5) * 3;
      cut.set(image.data.subarray(start, start + 27), row * 27);
    }
    const size = { width: 13, height: 5 };
    const window = { x: 0, y: 0, ...size };
    const alone = resample(
      { width: 9, height: 8, data: cut },
      { x: 0, y: 0, width: 9, height: 8 },
      size,
      window,
      'bicubic',
    );
    expect(resample(image, box, size, window, 'bicubic')).toEqual(alone);
  });
});

function largestDifference(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((largest, value, i) => Math.max(largest, Math.abs(value - b[i]!)), 0);
}
