/** What a detector and its base find in images, side by side, with what is labelled where the images are of its dataset. */
import { resolve } from 'node:path';
import { readDataset } from '../data/open-dataset.ts';
import { thumbnail } from '../data/thumbnails.ts';
import type { Engine } from '../engines/engine.ts';
import type { Base } from '../models/base.ts';
import { SPLITS } from '../shared/dataset-report.ts';
import { InputError } from '../shared/errors.ts';
import { trainingSchema } from '../shared/job.ts';
import type { ScenePair, ShownBox } from '../shared/protocol/results.ts';
import { BATCH_SIZE, findBoxes, letterboxed } from '../trainer/detection/predict.ts';
import type { LocatedAdapter } from '../trainer/locate-adapter.ts';
import { type DetectorPair, openDetectorPair } from '../trainer/model-pair.ts';
import { openImage } from '../trainer/predict.ts';
import type { Trial } from './trial.ts';

/** Small things are still to be seen. */
const SIDE = 640;
/** The view's slider goes down to it. */
const LEAST_CONFIDENCE = 0.05;

/** `files`: all that will be looked at. */
export async function tryDetector(
  located: LocatedAdapter,
  base: Base,
  { engine, files }: { readonly engine: Engine; readonly files: readonly string[] },
): Promise<Trial> {
  const pair = await openDetectorPair(located, base, { engine, threads: undefined, confidence: LEAST_CONFIDENCE });
  const labelled = await labelsOf(located.job?.data, files);
  return {
    models: {
      task: 'detection',
      labels: pair.adapter.labels,
      baseLabels: pair.base?.labels ?? null,
      baseNote: pair.note,
    },
    batch: BATCH_SIZE,
    look: async (some) => (await sideBySide(pair, some, labelled)).map((image) => ({ kind: 'scene', image })),
    close: () => pair.close(),
  };
}

/** Each image is decoded once, for both models and its picture. */
async function sideBySide(
  { adapter, base }: DetectorPair,
  files: readonly string[],
  labelled: ReadonlyMap<string, readonly ShownBox[]>,
): Promise<ScenePair[]> {
  const opened = await Promise.all(
    files.map((file) =>
      openImage(file, async (image) => ({
        forAdapter: letterboxed(image, adapter),
        forBase: base && letterboxed(image, base),
        picture: await thumbnail(image, file, SIDE),
      })),
    ),
  );
  const made = opened.flatMap((found) => ('made' in found ? [found.made] : []));
  const byAdapter = await findBoxes(
    adapter,
    made.map(({ forAdapter }) => forAdapter),
  );
  const byBase =
    base &&
    (await findBoxes(
      base,
      made.flatMap(({ forBase }) => forBase ?? []),
    ));
  let row = 0;
  return opened.map((found): ScenePair => {
    const { file } = found;
    const truth = labelled.get(resolve(file)) ?? null;
    if ('reason' in found) return { file, picture: null, reason: found.reason, truth, adapter: [], base: byBase && [] };
    const index = row++;
    const seen = { adapter: byAdapter[index]!, base: byBase?.[index] ?? null };
    return { file, picture: found.made.picture, reason: null, truth, ...seen };
  });
}

/** What is labelled in those of the images that the dataset has. None where it is gone or has become another. */
async function labelsOf(
  data: string | undefined,
  files: readonly string[],
): Promise<ReadonlyMap<string, readonly ShownBox[]>> {
  const wanted = new Set(files.map((file) => resolve(file)));
  const labelled = new Map<string, readonly ShownBox[]>();
  if (data === undefined) return labelled;
  try {
    const { validationShare, seed } = trainingSchema.parse({});
    const { dataset } = await readDataset(data, { validationShare, seed });
    if (dataset.task !== 'detection') return labelled;
    for (const { path, boxes } of SPLITS.flatMap((split) => dataset.splits[split])) {
      if (!wanted.has(path)) continue;
      const shown = Array.from(boxes.labels, (label, i): ShownBox => {
        const box = Array.from(boxes.corners.subarray(4 * i, 4 * i + 4)) as [number, number, number, number];
        return { label: dataset.classes[label]!, box };
      });
      labelled.set(path, shown);
    }
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
  }
  return labelled;
}
