/** What a path names where an adapter is asked for: a run, which has one, the adapter's own folder, or a file in either. */
import { existsSync, statSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import type { Adapter } from '../lora/adapter.ts';
import { CONFIG_FILE, readAdapter, type ReadAdapterOptions } from '../lora/read-adapter.ts';
import { readTrained } from '../lora/trained.ts';
import { InputError } from '../shared/errors.ts';
import type { Job } from '../shared/job.ts';
import { RUN_PATHS } from '../shared/run/layout.ts';
import { readIdentity } from '../shared/run/read-run.ts';

export interface LocatedAdapter {
  /** The adapter's own folder. */
  readonly folder: string;
  readonly adapter: Adapter;
  /** The run it lies in; undefined for an adapter from elsewhere. */
  readonly run: string | undefined;
  /** Of that run. */
  readonly job: Job | undefined;
}

/** Of a run: where the adapter to use lies, of the best evaluation, else of the last step; null where there is none yet. */
export function trainedFolder(run: string): string | null {
  return (
    [RUN_PATHS.best, RUN_PATHS.adapter].map((name) => join(run, name)).find((folder) => existsSync(folder)) ?? null
  );
}

/** Also what `head` and `full` trained, which has no layers. Throws an `InputError` where there is neither. */
export async function locateAdapter(path: string, options: ReadAdapterOptions = {}): Promise<LocatedAdapter> {
  const named = resolve(path);
  const isFile = statSync(named, { throwIfNoEntry: false })?.isFile() === true;
  const given = isFile ? dirname(named) : named;
  const run = [given, dirname(given)].find((folder) => existsSync(join(folder, RUN_PATHS.identity)));
  const folder = run === given ? trainedFolder(run) : given;
  if (folder === null) throw new InputError('this run has no adapter yet', { file: given });
  const adapter = existsSync(join(folder, CONFIG_FILE)) ? readAdapter(folder, options) : readTrained(folder);
  return { folder, adapter, run, job: run === undefined ? undefined : (await readIdentity(run)).job };
}

/** One with layers. Throws an `InputError` for what `head` or `full` trained. */
export async function locateLora(path: string): Promise<LocatedAdapter> {
  const located = await locateAdapter(path);
  if (located.adapter.layers.size > 0) return located;
  throw new InputError('holds modules trained whole and no LoRA layers', { file: located.folder });
}
