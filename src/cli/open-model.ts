/** A model that tells classes, from what a person names: an adapter on its base, a run, a merged export, a base as published. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { CONFIG_FILE, RECORD_FILE } from '../lora/read-adapter.ts';
import { mergeIntoBase } from '../lora/merge-base.ts';
import type { Base } from '../models/base.ts';
import { openBase } from '../models/open-base.ts';
import { InputError } from '../shared/errors.ts';
import { RUN_PATHS } from '../shared/run/layout.ts';
import { locateAdapter } from './locate-adapter.ts';

/** Files that tell a run, an adapter, and what `head` or `full` trained. */
const TRAINED = [RUN_PATHS.identity, CONFIG_FILE, RECORD_FILE];

/** `base` is the one to put an adapter on; undefined for its run's, or the one it names. */
export async function openModel(path: string, base: string | undefined): Promise<Base> {
  if (!TRAINED.some((file) => existsSync(join(path, file)))) return await openBase(path);
  const { adapter, folder, job } = await locateAdapter(path);
  const name = base ?? job?.base ?? adapter.base.name;
  if (name === undefined) throw new InputError('does not tell its base; name it by --base', { file: folder });
  return mergeIntoBase(await openBase(name), adapter, folder);
}
