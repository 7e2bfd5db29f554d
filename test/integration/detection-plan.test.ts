/** What a detector's step holds at once, planned: pieces of a batch, not the batch. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { writeDetectionSample } from '../../src/data/detection/sample.ts';
import { evaluateCost } from '../../src/shared/cost.ts';
import { jobSchema } from '../../src/shared/job.ts';
import { planJob } from '../../src/trainer/plan.ts';
import type { JobPlan } from '../../src/trainer/plan.ts';

const BASE = join(import.meta.dirname, '../fixtures/yolo/drawn.pt');
const data = mkdtempSync(join(tmpdir(), 'lowrank-detection-plan-'));

const planned = (batch: number, threads: number, lora = {}): Promise<JobPlan> =>
  planJob(
    jobSchema.parse({
      data,
      base: BASE,
      threads,
      lora,
      training: { batch },
      detection: { imageSize: 640 },
    }),
  );

beforeAll(() => writeDetectionSample(data, { train: 8, validation: 8 }));
afterAll(() => {
  rmSync(data, { recursive: true, force: true });
});

describe('the memory of a detector that is planned', () => {
  it('grows with the threads; with the batch only by what evaluates it', async () => {
    const few = await planned(2, 1);
    const many = await planned(8, 1);
    // The whole step holds four times as much.
    expect(many.memory.activations).toBeLessThan(2 * few.memory.activations);
    const threads = await planned(8, 4);
    expect(threads.memory.activations).toBeGreaterThan(2 * few.memory.activations);
    expect(threads.memory.process).toBeGreaterThan(many.memory.process);
  });

  it('is what the panel tells of other layers too', async () => {
    const all = await planned(8, 2);
    const last = all.layers.at(-1)!.module;
    const one = await planned(8, 2, { targetModules: [last] });
    const { rank, alpha, useRslora, useDora, init } = jobSchema.parse({ data, base: BASE }).lora;
    const choice = { rank, alpha, useRslora, useDora, init, dtype: 'float32' } as const;
    const told = evaluateCost(all.coefficients, { ...choice, isTarget: (path) => path === last });
    expect(told.memoryBytes).toBeLessThan(0.9 * all.memory.total);
    // The lines of the panel are drawn from the job that has all layers.
    expect(Math.abs(told.memoryBytes / one.memory.total - 1)).toBeLessThan(0.1);
  });
});
