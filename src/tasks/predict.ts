import { imageFiles } from '../data/image-files.ts';
import { preprocess } from '../data/preprocess.ts';
import { thumbnail } from '../data/thumbnails.ts';
import { chooseEngine } from '../engines/choose.ts';
import type { PredictResult, SideBySide } from '../shared/protocol/results.ts';
import { BATCH_SIZE, classify, classOfFolder, openImage } from '../trainer/predict.ts';
import { openPair, type Pair } from '../trainer/classifier-pair.ts';
import { baseOfAdapter } from '../trainer/base-of-adapter.ts';
import { locateAdapter } from '../trainer/locate-adapter.ts';
import type { Task } from './task.ts';

/** More than a person looks through; `lowrank predict` takes any number. */
const MAX_IMAGES = 200;
/** Of the pictures beside the predictions. */
const SIDE = 192;

export const predict: Task<'predict'> = async ({ path, base, folders, images, top }, { progress, part }) => {
  const all = await imageFiles(images);
  const files = all.slice(0, MAX_IMAGES);
  const located = await locateAdapter(path);
  const name = baseOfAdapter(base ?? undefined, located, { folders, mayDownload: true });
  const pair = await openPair(located, { base: name, engine: chooseEngine('auto'), threads: undefined });
  try {
    const models = {
      labels: pair.adapter.labels,
      baseLabels: pair.base?.labels ?? null,
      baseNote: pair.note,
      images: files.length,
      more: all.length - files.length,
    };
    part({ kind: 'models', models });
    const told: SideBySide[] = [];
    for (let start = 0; start < files.length; start += BATCH_SIZE) {
      for (const image of await sideBySide(pair, files.slice(start, start + BATCH_SIZE), top)) {
        told.push(image);
        part({ kind: 'image', image });
      }
      progress(told.length, files.length);
    }
    return { ...models, unreadable: told.filter(({ reason }) => reason !== null).length, score: scoreOf(told) };
  } finally {
    await pair.close();
  }
};

/** Each image is decoded once, for both models and its picture. */
async function sideBySide({ adapter, base }: Pair, files: readonly string[], top: number): Promise<SideBySide[]> {
  const opened = await Promise.all(
    files.map((file) =>
      openImage(file, async (image) => ({
        forAdapter: preprocess(image, adapter.preprocessing),
        forBase: base && preprocess(image, base.preprocessing),
        thumbnail: await thumbnail(image, file, SIDE),
      })),
    ),
  );
  const made = opened.flatMap((found) => ('made' in found ? [found.made] : []));
  const [byAdapter, byBase] = [
    await classify(
      adapter,
      made.map(({ forAdapter }) => forAdapter),
      top,
    ),
    base &&
      (await classify(
        base,
        made.flatMap(({ forBase }) => forBase ?? []),
        top,
      )),
  ];
  let row = 0;
  return opened.map((found): SideBySide => {
    const { file } = found;
    const truth = classOfFolder(file, adapter.labels) ?? null;
    if ('reason' in found) return { file, thumbnail: null, reason: found.reason, truth, adapter: [], base: base && [] };
    const index = row++;
    const seen = { adapter: byAdapter[index]!, base: byBase?.[index] ?? null };
    return { file, thumbnail: found.made.thumbnail, reason: null, truth, ...seen };
  });
}

function scoreOf(told: readonly SideBySide[]): PredictResult['score'] {
  const known = told.filter(({ truth, reason }) => truth !== null && reason === null);
  if (known.length === 0) return null;
  return { right: known.filter(({ adapter, truth }) => adapter[0]?.label === truth).length, images: known.length };
}
