import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import golden from '../fixtures/detection/loss.json' with { type: 'json' };
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

describe('figures of 300 images', () => {
  it("are pycocotools' and Ultralytics'", async () => {
    const reference = referenceSchema.parse(JSON.parse(await runPython('detection_metrics.py')));
    expect(reference.images).toHaveLength(300);
    expectCoco(reference);
    expectUltralytics(reference);
    expectConfusion(reference);
  });
});
