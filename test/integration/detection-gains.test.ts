/** What a job says of a detector's loss and of duplicates reaches its steps and its evaluations. */
import { beforeAll, describe, expect, it } from 'vitest';
import { writeDetectionSample } from '../../src/data/detection/sample.ts';
import { float32, zeros } from '../../src/graph/tensor.ts';
import type { Job } from '../../src/shared/job.ts';
import { jobSchema } from '../../src/shared/job.ts';
import { Random } from '../../src/shared/random.ts';
import type { LossParts } from '../../src/shared/run/events.ts';
import { openPrograms } from '../../src/trainer/open-programs.ts';
import { openSession } from '../../src/trainer/session.ts';
import { gradientOf, LOSS_SCALE } from '../../src/trainer/step.ts';
import type { Evaluation } from '../../src/trainer/task.ts';
import { useFolder } from './cli-process.ts';
import { DRAWN } from './drawn-detector.ts';

const folder = useFolder();
const data = (): string => `${folder.path}/shapes`;

beforeAll(async () => {
  await writeDetectionSample(data(), { domain: 'clean', train: 4, validation: 8 });
});

interface Seen {
  /** Of the first batch. */
  readonly parts: LossParts;
  readonly evaluation: Evaluation;
}

async function seen(detection: Partial<Job['detection']>, precision: Job['precision']): Promise<Seen> {
  const training = { batch: 4, epochs: 1 };
  const engine = { engine: 'onnxruntime-cpu', threads: 1, precision } as const;
  const session = await openSession(jobSchema.parse({ data: data(), base: DRAWN, training, detection, ...engine }));
  const programs = await openPrograms(session, folder.path);
  try {
    const { values, adapted } = session.initial;
    const fed = { ...Object.fromEntries(values), ...(precision === 'fp16' && { [LOSS_SCALE]: float32([], [1]) }) };
    const into = Object.fromEntries(
      adapted.parameters.map(({ name, shape }) => [gradientOf(name), zeros('float32', shape)]),
    );
    for await (const batch of programs.training.batches(0, 0)) {
      await batch.run(fed, { into, random: new Random(0) });
      break;
    }
    return { parts: programs.training.parts!, evaluation: await programs.validate(Object.fromEntries(values)) };
  } finally {
    await programs.close();
  }
}

describe.each(['fp32', 'fp16'] as const)('a job of a detector in %s', (precision) => {
  it('weighs the parts of the loss, and says which overlap makes duplicates', async () => {
    const usual = await seen({}, precision);
    const own = await seen({ gains: { box: 15, cls: 0.25, dfl: 0 }, iou: 1 }, precision);
    for (const told of [
      [own.parts, usual.parts],
      [own.evaluation.parts!, usual.evaluation.parts!],
    ] as const) {
      const [weighed, before] = told;
      expect(before.box).toBeGreaterThan(0);
      expect(before.dfl).toBeGreaterThan(0);
      // The same sums times another number: a rounding of float32.
      expect(weighed.box! / before.box!).toBeCloseTo(2, 5);
      expect(weighed.cls! / before.cls!).toBeCloseTo(0.5, 5);
      expect(weighed.dfl).toBe(0);
    }
    const [merged, all] = [usual.evaluation.detection!, own.evaluation.detection!];
    expect(merged.map).toBeGreaterThan(0.1);
    // Each object is found several times, of which one is right.
    expect(all.map).toBeLessThan(merged.map);
  });
});
