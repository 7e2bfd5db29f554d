/** An adapter on the small detector that knows drawn shapes, made without training: the same numbers each time, and not nothing. */
import { join } from 'node:path';
import { writeDetectionSample } from '../../src/data/detection/sample.ts';
import { SAMPLE_CLASSES } from '../../src/data/sample-shapes.ts';
import { adaptableModules } from '../../src/lora/layers.ts';
import { initialise, toAdapter } from '../../src/lora/state.ts';
import { writeAdapter } from '../../src/lora/write-adapter.ts';
import type { Base } from '../../src/models/base.ts';
import { jobSchema } from '../../src/shared/job.ts';
import { Random } from '../../src/shared/random.ts';

/** test/parity/make_drawn_yolo.py. */
export const DRAWN = join(import.meta.dirname, '../fixtures/yolo/drawn.pt');
/** Enough for the boxes to move by pixels and the scores by tenths, and for most of what is found to be found again. */
const DEVIATION = 0.03;

export interface DrawnAdapter {
  readonly folder: string;
  readonly base: Base;
  readonly classes: readonly string[];
  readonly rank?: number;
}

/** A PEFT directory, as a run leaves it. */
export async function writeDrawnAdapter({ folder, base, classes, rank = 4 }: DrawnAdapter): Promise<void> {
  const job = jobSchema.parse({ data: '.', base: base.identity.source, lora: { rank, alpha: rank } });
  const initial = initialise(base, job, classes);
  const random = new Random(1).fork('trained');
  const values = new Map(
    initial.adapted.parameters.map(({ name, role }) => {
      const start = initial.values.get(name)!;
      if (role !== 'B') return [name, start];
      return [name, { ...start, data: start.data.map(() => DEVIATION * random.normal()) }];
    }),
  );
  const adapter = toAdapter(initial, values, { base, job, classes });
  await writeAdapter(folder, adapter, { modules: adaptableModules(base).map(({ path }) => path) });
}

/** What the detector has learned to find, 40 images of it; `classes` in the order of their labels. */
export async function writeKnownShapes(folder: string, classes: readonly string[]): Promise<void> {
  const known = classes.map((name) => SAMPLE_CLASSES.find((candidate) => candidate === name)!);
  await writeDetectionSample(folder, { domain: 'clean', seed: 5, train: 8, validation: 40, classes: known });
}
