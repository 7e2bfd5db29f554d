/** What tells classes, from what a person names: a run, an adapter on its base, a merged model, a base as published. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../engines/engine.ts';
import { mergeIntoBase } from '../lora/merge-base.ts';
import { CONFIG_FILE, RECORD_FILE } from '../lora/read-adapter.ts';
import type { Base } from '../models/base.ts';
import { openClassifierBase } from '../models/open-base.ts';
import { RUN_PATHS } from '../shared/run/layout.ts';
import { baseOfAdapter } from './base-of-adapter.ts';
import { openExported } from './exported-classifier.ts';
import { locateAdapter } from './locate-adapter.ts';
import { type Classifier, compileClassifier } from './predict.ts';

/** Files that tell a run, an adapter, and what `head` or `full` trained. */
const TRAINED = [RUN_PATHS.identity, CONFIG_FILE, RECORD_FILE];

export interface ClassifierOptions {
  /** To put an adapter on; undefined for its run's, or the one it names. */
  readonly base: string | undefined;
  readonly engine: Engine;
  readonly threads: number | undefined;
}

export async function openClassifier(path: string, options: ClassifierOptions): Promise<Classifier> {
  const { engine, threads } = options;
  const exported = path.endsWith('.onnx') && existsSync(path) ? await openExported(path, threads) : null;
  return exported ?? (await compileClassifier(await openModel(path, options.base), engine, threads));
}

async function openModel(path: string, base: string | undefined): Promise<Base> {
  if (!TRAINED.some((file) => existsSync(join(path, file)))) return await openClassifierBase(path);
  const located = await locateAdapter(path);
  const { adapter, folder } = located;
  const name = baseOfAdapter(base, located, { folders: [process.cwd()], mayDownload: true });
  return mergeIntoBase(await openClassifierBase(name), adapter, folder);
}
