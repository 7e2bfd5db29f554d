/** An adapter on its base and the untouched base, both ready to run: what a person compares who tries an adapter. */
import { mergeIntoBase } from '../lora/merge-base.ts';
import { openClassifierBase } from '../models/open-base.ts';
import type { LocatedAdapter } from './locate-adapter.ts';
import type { PredictorOptions } from './open-predictor.ts';
import { type Classifier, compileClassifier } from './predict.ts';

export interface Pair {
  readonly adapter: Classifier;
  /** With its own head; null where it tells no classes. */
  readonly base: Classifier | null;
  /** Why there is none. */
  readonly note: string | null;
  close(): Promise<void>;
}

/** The base is opened once for both. Throws an `InputError` where the adapter or its base cannot be opened. */
export async function openPair(
  { adapter, folder }: Pick<LocatedAdapter, 'adapter' | 'folder'>,
  { base: name, engine, threads }: PredictorOptions & { readonly base: string },
): Promise<Pair> {
  const base = await openClassifierBase(name);
  const tuned = await compileClassifier(mergeIntoBase(base, adapter, folder), engine, threads);
  const untouched = base.labels === undefined ? null : await compileClassifier(base, engine, threads);
  return {
    adapter: tuned,
    base: untouched,
    note: untouched === null ? `${base.name} alone does not tell classes: its head is new, or has no names` : null,
    close: async () => {
      await tuned.close();
      await untouched?.close();
    },
  };
}
