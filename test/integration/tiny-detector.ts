/** A tiny detector with adapters that are not zero, and pictures of noise: what tests of its step start from. */
import { join } from 'node:path';
import type { Tensor } from '../../src/graph/tensor.ts';
import { initialise } from '../../src/lora/state.ts';
import { openYolo } from '../../src/models/yolo/open.ts';
import { jobSchema } from '../../src/shared/job.ts';
import { Random } from '../../src/shared/random.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/yolo');
const RANK = { rank: 2, alpha: 4 };

export interface TinyOptions {
  /** Of the square pictures, in pixels. */
  readonly side: number;
  readonly batch: number;
  readonly classes: readonly string[];
  readonly seed: number;
}

/** `model` is a fixture of test/fixtures/yolo. */
export async function tinyDetector(model: string, { side, batch, classes, seed }: TinyOptions) {
  const opened = await openYolo(join(FIXTURES, `${model}.pt`));
  const size = { height: side, width: side };
  const preprocessing = { ...opened.preprocessing, resize: { mode: 'exact', ...size } } as const;
  const detection = opened.detection!;
  const base = { ...opened, preprocessing, graph: detection.atSize(size) };
  const job = jobSchema.parse({ data: '.', base: model, lora: RANK, training: { batch } });
  const { adapted, values } = initialise(base, job, classes);
  const random = new Random(seed);
  for (const [name, { data }] of values)
    if (name.endsWith('lora_B.weight')) data.forEach((_, i) => (data[i] = 0.1 * random.normal()));
  const images: Tensor = {
    dtype: 'uint8',
    shape: [batch, side, side, 3],
    data: Uint8Array.from({ length: batch * side * side * 3 }, () => random.int(256)),
  };
  return { job, base, preprocessing, detection, size, adapted, values, images };
}
