/** What tells classes, or boxes, from what a person names: a run, an adapter on its base, a merged model, a base as published. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Engine } from '../engines/engine.ts';
import { mergeIntoBase } from '../lora/merge-base.ts';
import { CONFIG_FILE, RECORD_FILE } from '../lora/read-adapter.ts';
import type { Base } from '../models/base.ts';
import { openBase } from '../models/open-base.ts';
import { RUN_PATHS } from '../shared/run/layout.ts';
import { baseOfAdapter } from './base-of-adapter.ts';
import { compileDetector, type Detector, type Thresholds } from './detection/predict.ts';
import { openExported } from './exported-classifier.ts';
import { locateAdapter } from './locate-adapter.ts';
import { type Classifier, compileClassifier } from './predict.ts';

/** Files that tell a run, an adapter, and what `head` or `full` trained. */
const TRAINED = [RUN_PATHS.identity, CONFIG_FILE, RECORD_FILE];

/** Thresholds are for detectors. */
export interface PredictorOptions extends Thresholds {
  /** To put an adapter on; undefined for its run's, or the one it names. */
  readonly base: string | undefined;
  readonly engine: Engine;
  readonly threads: number | undefined;
}

/** Throws an `InputError` where there is no such model, or it cannot be opened. */
export async function openPredictor(path: string, options: PredictorOptions): Promise<Classifier | Detector> {
  const { engine, threads } = options;
  const exported = path.endsWith('.onnx') && existsSync(path) ? await openExported(path, options) : null;
  if (exported !== null) return exported;
  const base = await openModel(path, options.base);
  const { detection } = base;
  if (detection !== undefined) return await compileDetector({ ...base, detection }, options);
  return await compileClassifier(base, engine, threads);
}

async function openModel(path: string, base: string | undefined): Promise<Base> {
  if (!TRAINED.some((file) => existsSync(join(path, file)))) return await openBase(path);
  const located = await locateAdapter(path);
  const { adapter, folder } = located;
  const name = baseOfAdapter(base, located, { folders: [process.cwd()], mayDownload: true });
  return mergeIntoBase(await openBase(name), adapter, folder);
}
