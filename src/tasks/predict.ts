import { imageFiles } from '../data/image-files.ts';
import { chooseEngine } from '../engines/choose.ts';
import { openBase } from '../models/open-base.ts';
import type { PredictResult } from '../shared/protocol/results.ts';
import { baseOfAdapter } from '../trainer/base-of-adapter.ts';
import { locateAdapter } from '../trainer/locate-adapter.ts';
import { tryDetector } from './predict-boxes.ts';
import { tryClassifier } from './predict-classes.ts';
import type { Task } from './task.ts';
import type { Seen } from './trial.ts';

/** More than a person looks through; `lowrank predict` takes any number. */
const MAX_IMAGES = 200;

export const predict: Task<'predict'> = async ({ path, base, folders, images, top }, { progress, part }) => {
  const all = await imageFiles(images);
  const files = all.slice(0, MAX_IMAGES);
  const located = await locateAdapter(path);
  const opened = await openBase(baseOfAdapter(base ?? undefined, located, { folders, mayDownload: true }));
  const engine = chooseEngine('auto');
  const trial =
    opened.detection === undefined
      ? await tryClassifier(located, opened, { engine, top })
      : await tryDetector(located, opened, { engine, files });
  try {
    const models = { ...trial.models, images: files.length, more: all.length - files.length };
    part({ kind: 'models', models });
    const told: Seen[] = [];
    for (let start = 0; start < files.length; start += trial.batch) {
      for (const seen of await trial.look(files.slice(start, start + trial.batch))) {
        told.push(seen);
        part(seen);
      }
      progress(told.length, files.length);
    }
    const unreadable = told.filter(({ image }) => image.reason !== null).length;
    return { ...models, unreadable, score: scoreOf(told) };
  } finally {
    await trial.close();
  }
};

/** Of images in folders that are named as classes. */
function scoreOf(told: readonly Seen[]): PredictResult['score'] {
  const known = told.flatMap((part) =>
    part.kind === 'image' && part.image.truth !== null && part.image.reason === null ? [part.image] : [],
  );
  if (known.length === 0) return null;
  return { right: known.filter(({ adapter, truth }) => adapter[0]?.label === truth).length, images: known.length };
}
