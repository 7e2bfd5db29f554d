/** What a classifier and its base say of images, side by side. */
import { preprocess } from '../data/preprocess.ts';
import { thumbnail } from '../data/thumbnails.ts';
import type { Engine } from '../engines/engine.ts';
import type { Base } from '../models/base.ts';
import type { SideBySide } from '../shared/protocol/results.ts';
import { type ClassifierPair, openClassifierPair } from '../trainer/model-pair.ts';
import type { LocatedAdapter } from '../trainer/locate-adapter.ts';
import { BATCH_SIZE, classify, classOfFolder, openImage } from '../trainer/predict.ts';
import type { Trial } from './trial.ts';

/** Of the pictures beside the predictions. */
const SIDE = 192;

/** `top`: how many of the likeliest classes are told. */
export async function tryClassifier(
  located: LocatedAdapter,
  base: Base,
  { engine, top }: { readonly engine: Engine; readonly top: number },
): Promise<Trial> {
  const pair = await openClassifierPair(located, base, { engine, threads: undefined });
  return {
    models: {
      task: 'classification',
      labels: pair.adapter.labels,
      baseLabels: pair.base?.labels ?? null,
      baseNote: pair.note,
    },
    batch: BATCH_SIZE,
    look: async (files) => (await sideBySide(pair, files, top)).map((image) => ({ kind: 'image', image })),
    close: () => pair.close(),
  };
}

/** Each image is decoded once, for both models and its picture. */
async function sideBySide(
  { adapter, base }: ClassifierPair,
  files: readonly string[],
  top: number,
): Promise<SideBySide[]> {
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
