import { describe, expect, it } from 'vitest';
import type { Engine } from '../../../src/engines/engine.ts';
import type { Base } from '../../../src/models/base.ts';
import { jobSchema } from '../../../src/shared/job.ts';
import { preprocessingSchema } from '../../../src/shared/preprocessing.ts';
import { heldBatch } from '../../../src/trainer/held-batch.ts';
import type { Precision } from '../../../src/trainer/precision.ts';

const job = jobSchema.parse({ data: '.', base: 'sample', training: { batch: 16 }, threads: 2 });
const classifier = {} as Base;
const detector = { detection: {} } as Base;

interface Variation {
  readonly gpu?: boolean;
  readonly precision?: Precision;
}

function held(base: Base, size: number, { gpu = false, precision = 'fp32' }: Variation = {}) {
  const resize = { mode: 'exact', height: size, width: size };
  const preprocessing = preprocessingSchema.parse({
    resize,
    crop: null,
    interpolation: 'bilinear',
    mean: [0, 0, 0],
    std: [1, 1, 1],
  });
  const engine = { name: 'one without threads of its own', gpu } as Engine;
  return heldBatch({ job, base, preprocessing, engine, precision });
}

describe('what of a batch is held at once', () => {
  const whole = { images: 16, copies: 1, threads: 0 };

  it('is one piece of a detector on a CPU: an image of 640 pixels, or several smaller ones', () => {
    expect(held(detector, 640)).toEqual({ images: 1, copies: 1, threads: 0 });
    expect(held(detector, 320)).toEqual({ images: 4, copies: 1, threads: 0 });
  });

  it('is all of it for a classifier, on a GPU and in half precision', () => {
    expect(held(classifier, 640)).toEqual(whole);
    expect(held(detector, 640, { gpu: true })).toEqual(whole);
    expect(held(detector, 640, { precision: 'fp16' })).toEqual(whole);
  });
});
