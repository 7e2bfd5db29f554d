import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import golden from '../fixtures/detection/loss.json' with { type: 'json' };
import { letterbox } from '../../src/data/detection/letterbox.ts';
import {
  expectCoco,
  expectConfusion,
  expectUltralytics,
  referenceSchema,
} from '../unit/trainer/detection/reference-metrics.ts';
import { runPython } from './python.ts';

const lossSchema = z.object({
  cases: z.array(
    z.object({
      name: z.string(),
      parts: z.object({ box: z.number(), classes: z.number(), distances: z.number() }),
      gradients: z.object({ boxes: z.base64(), scores: z.base64() }),
    }),
  ),
});

const floats = (base64: string): Float32Array =>
  new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);

describe('the golden losses of detection', () => {
  it("are those of Ultralytics' own criterion, with their gradients", async () => {
    const { cases } = lossSchema.parse(JSON.parse(await runPython('detection_loss.py', ['--ultralytics'])));
    expect(cases.map(({ name }) => name)).toEqual(golden.cases.map(({ name }) => name));
    for (const [i, { parts, gradients }] of cases.entries()) {
      const own = golden.cases[i]!;
      for (const part of ['box', 'classes', 'distances'] as const)
        expect(parts[part] / own.parts[part]).toBeCloseTo(1, 5);
      for (const key of ['boxes', 'scores'] as const) {
        const expected = floats(gradients[key]);
        const actual = floats(own.gradients[key]);
        const most = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
        // Both are float32 with another order of the same sums.
        for (const [at, value] of expected.entries()) expect(Math.abs(actual[at]! - value)).toBeLessThan(1e-5 * most);
      }
    }
  });
});

describe('letterbox', () => {
  it("is OpenCV's linear resize with its border, within a level", async () => {
    const sizes = [
      [97, 61, 160],
      [640, 480, 320],
      [333, 500, 128],
      [50, 200, 64],
      [64, 64, 64],
    ] as const;
    const args = sizes.flat().map(String);
    const expected = z.array(z.base64()).parse(JSON.parse(await runPython('detection_letterbox.py', args)));
    for (const [i, [width, height, side]] of sizes.entries()) {
      const data = new Uint8Array(width * height * 3);
      for (let y = 0, at = 0; y < height; y++)
        for (let x = 0; x < width; x++, at += 3)
          data.set([x * 7 + y * 3, x * y, ((Math.floor(x / 5) + Math.floor(y / 7)) % 2) * 255], at);
      const actual = letterbox({ width, height, data }, side);
      const wanted = Buffer.from(expected[i]!, 'base64');
      expect(actual).toHaveLength(wanted.length);
      // Both round weights to 11 bits; OpenCV's vector code rounds once more between rows and columns.
      let most = 0;
      for (const [at, value] of actual.entries()) most = Math.max(most, Math.abs(value - wanted[at]!));
      expect(most).toBeLessThanOrEqual(1);
    }
  });
});

describe('figures of 300 images', () => {
  it("are pycocotools' and Ultralytics'", async () => {
    const reference = referenceSchema.parse(JSON.parse(await runPython('detection_metrics.py')));
    expect(reference.images).toHaveLength(300);
    expectCoco(reference);
    expectUltralytics(reference);
    expectConfusion(reference);
  });
});
