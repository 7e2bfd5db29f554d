/** An adapter on its base and the untouched base, both ready to run: what a person compares who tries an adapter. */
import { mergeIntoBase } from '../lora/merge-base.ts';
import type { Base } from '../models/base.ts';
import { compileDetector, type Detector, type DetectorOptions } from './detection/predict.ts';
import type { LocatedAdapter } from './locate-adapter.ts';
import type { PredictorOptions } from './open-predictor.ts';
import { type Classifier, compileClassifier } from './predict.ts';

interface PairOf<Model> {
  readonly adapter: Model;
  /** With its own head; null where it tells no classes. */
  readonly base: Model | null;
  /** Why there is none. */
  readonly note: string | null;
  close(): Promise<void>;
}

export type ClassifierPair = PairOf<Classifier>;
export type DetectorPair = PairOf<Detector>;

type Own = Pick<LocatedAdapter, 'adapter' | 'folder'>;

/** Throws an `InputError` where the adapter is of another base. */
export async function openClassifierPair(
  { adapter, folder }: Own,
  base: Base,
  { engine, threads }: Pick<PredictorOptions, 'engine' | 'threads'>,
): Promise<ClassifierPair> {
  const compile = (model: Base): Promise<Classifier> => compileClassifier(model, engine, threads);
  return await pairOf(base, mergeIntoBase(base, adapter, folder), compile);
}

/** The same of a detector. */
export async function openDetectorPair(
  { adapter, folder }: Own,
  base: Base,
  options: DetectorOptions,
): Promise<DetectorPair> {
  const compile = async (model: Base): Promise<Detector> =>
    await compileDetector({ ...model, detection: model.detection! }, options);
  return await pairOf(base, mergeIntoBase(base, adapter, folder), compile);
}

async function pairOf<Model extends { close(): Promise<void> }>(
  base: Base,
  tuned: Base,
  compile: (model: Base) => Promise<Model>,
): Promise<PairOf<Model>> {
  const adapter = await compile(tuned);
  const untouched = base.labels === undefined ? null : await compile(base);
  return {
    adapter,
    base: untouched,
    note: untouched === null ? `${base.name} alone does not tell classes: its head is new, or has no names` : null,
    close: async () => {
      await adapter.close();
      await untouched?.close();
    },
  };
}
