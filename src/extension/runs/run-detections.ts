/** What the panel shows of a detector: the images of one of its evaluations, and how good it was then. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { readJson } from '../../formats/json.ts';
import type { RunDetections } from '../../shared/protocol/run.ts';
import { RUN_PATHS } from '../../shared/run/layout.ts';
import type { RunState } from '../../shared/run/read-run.ts';
import { samplesSchema } from '../../shared/run/samples.ts';

/** Boxes of two dozen images and curves of 80 classes take a tenth of it. */
const MAX_BYTES = 4 * 2 ** 20;

export interface DetectionsWanted {
  /** Null for the newest. */
  readonly step: number | null;
  /** What a view loads a picture by, null where it may not. */
  readonly uriOf: (file: string) => string | null;
}

/** Null for a classifier, before the first evaluation, and where its file is damaged or gone. */
export async function detectionsOf(
  { folder, summary, identity: { setup } }: RunState,
  { step, uriOf }: DetectionsWanted,
): Promise<RunDetections | null> {
  const newest = summary.samples?.step;
  if (newest === undefined || summary.evaluations.validation?.detection === undefined) return null;
  // A file past the newest is of what a resumed process took back.
  const steps = (await stepsIn(join(folder, RUN_PATHS.samples))).filter((each) => each <= newest);
  const shown = step !== null && steps.includes(step) ? step : newest;
  try {
    const file = join(folder, RUN_PATHS.samples, `${shown}.json`);
    const { detections, quality } = readJson(file, samplesSchema, { maxBytes: MAX_BYTES });
    return {
      steps,
      step: shown,
      images: (detections ?? []).map((image) => ({ ...image, uri: uriOf(image.file) })),
      quality: quality ?? null,
      classes: setup?.dataset.classes ?? [],
    };
  } catch {
    return null;
  }
}

async function stepsIn(folder: string): Promise<number[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .flatMap((name) => /^(\d{1,12})\.json$/.exec(name)?.[1] ?? [])
    .map(Number)
    .sort((a, b) => a - b);
}
