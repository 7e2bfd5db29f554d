/** An export beside base + adapter, on the same images: how far the logits are apart, whether the top class is the same, how fast each is. */
import type { Program, Tensors } from '../engines/engine.ts';
import { LOGITS, PIXELS } from '../models/base.ts';
import type { ExportReport } from '../shared/export-report.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';
import type { Images } from './format.ts';
import { pixelsOf } from './pixels.ts';

/** Images in one run: enough to keep a CPU busy, few enough for the memory of a small machine. */
export const BATCH_SIZE = 16;

export type Comparison = Pick<ExportReport, 'difference' | 'agreement' | 'changed' | 'latency'>;

/** `LOGITS` of all images, row by row. */
export async function outputOf(program: Program, images: Images, preprocessing: Preprocessing): Promise<Float32Array> {
  const count = images.shape[0]!;
  const parts: Float32Array[] = [];
  for (let from = 0; from < count; from += BATCH_SIZE) {
    const pixels = pixelsOf(images, preprocessing, from, Math.min(from + BATCH_SIZE, count));
    const { [LOGITS]: logits } = await program.run({ [PIXELS]: pixels });
    parts.push(logits!.data as Float32Array);
  }
  const rows = new Float32Array(parts.reduce((length, part) => length + part.length, 0));
  let start = 0;
  for (const part of parts) {
    rows.set(part, start);
    start += part.length;
  }
  return rows;
}

/** `tie`: see ExportLimits. */
export async function compare(
  reference: Program,
  exported: Program,
  images: Images,
  { preprocessing, tie }: { readonly preprocessing: Preprocessing; readonly tie: number },
): Promise<Comparison> {
  const expected = await outputOf(reference, images, preprocessing);
  const actual = await outputOf(exported, images, preprocessing);
  const one = { [PIXELS]: pixelsOf(images, preprocessing, 0, 1) };
  return {
    ...compareLogits(expected, actual, images.shape[0]!, tie),
    latency: { exported: await latencyOf(exported, one), reference: await latencyOf(reference, one) },
  };
}

export function compareLogits(
  expected: Float32Array,
  actual: Float32Array,
  images: number,
  tie: number,
): Omit<Comparison, 'latency'> {
  const classes = expected.length / images;
  const largestLogit = expected.reduce((most, logit) => Math.max(most, Math.abs(logit)), 0);
  // NaN must not pass as no difference.
  const distances = expected.map((logit, index) => {
    const distance = Math.abs(actual[index]! - logit);
    return Number.isFinite(distance) ? distance : Infinity;
  });
  let same = 0;
  let changed = 0;
  for (let image = 0; image < images; image++) {
    const row = expected.subarray(image * classes, (image + 1) * classes);
    const [before, after] = [highest(row), highest(actual.subarray(image * classes, (image + 1) * classes))];
    if (before === after) same += 1;
    else if (row[before]! - row[after]! > tie * largestLogit) changed += 1;
  }
  return {
    difference: {
      largest: distances.reduce((most, distance) => Math.max(most, distance), 0),
      typical: Math.sqrt(distances.reduce((sum, distance) => sum + distance ** 2, 0) / distances.length),
      largestLogit,
    },
    agreement: same / images,
    changed,
  };
}

/** Index of the largest, the first of equals; 0 where all are NaN. */
function highest(row: Float32Array): number {
  return row.reduce((best, value, index) => (value > row[best]! ? index : best), 0);
}

const WARM_UPS = 2;
const RUNS = 21;
/** A slow model is told well enough by fewer runs. */
const MAX_MILLISECONDS = 3000;

/** Median time of a run, in milliseconds. */
export async function latencyOf(program: Program, feeds: Tensors): Promise<number> {
  const times: number[] = [];
  const start = performance.now();
  for (let run = -WARM_UPS; run < RUNS && (run < 1 || performance.now() - start < MAX_MILLISECONDS); run++) {
    const before = performance.now();
    await program.run(feeds);
    if (run >= 0) times.push(performance.now() - before);
  }
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)]!;
}
