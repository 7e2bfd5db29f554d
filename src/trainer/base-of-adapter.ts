/** Which base an adapter goes on: the one that a person named, that of its run, or the one that it names itself. */
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { dataHome } from '../formats/data-home.ts';
import { cachedHub } from '../models/hub.ts';
import { hubNameOf } from '../models/hub/reference.ts';
import { kindOfBase } from '../shared/base-name.ts';
import { InputError } from '../shared/errors.ts';
import { SAMPLE_DETECTOR } from '../shared/task-defaults.ts';
import type { LocatedAdapter } from './locate-adapter.ts';

export interface BaseSearch {
  /** Where a base of a relative path may lie, besides the adapter's own folder: those of the workspace, or the one worked in. */
  readonly folders: readonly string[];
  /** Whether opening what is found may download it. What is only looked at does not, unless a person names it. */
  readonly mayDownload: boolean;
  /** Where downloads are kept; the hub's cache of this machine else. */
  readonly cache?: string;
}

/**
 * What `openBase` opens. A foreign adapter's `owner/name` is a folder where there is one, in its own folder or in `folders`, else what was
 * downloaded of that name: PEFT writes both the same, and an adapter from anywhere starts no download. Throws an `InputError` where
 * nothing names a base, or what is named is not on this machine.
 */
export function baseOfAdapter(
  given: string | undefined,
  { adapter, folder, job }: Pick<LocatedAdapter, 'adapter' | 'folder' | 'job'>,
  { folders, mayDownload, cache = dataHome('hub') }: BaseSearch,
): string {
  const name = job?.base ?? adapter.base.name;
  // As `train` takes it: the sample base of what the adapter is for.
  if (given === 'sample' && name === SAMPLE_DETECTOR) return SAMPLE_DETECTOR;
  if (given !== undefined) return given;
  if (name === undefined) throw new InputError('does not tell its base; name it', { file: folder });
  const { revision } = job === undefined ? adapter.base : {};
  const revised = revision === undefined || name.includes('@') ? name : `${name}@${revision}`;
  if (kindOfBase(name) === 'hub') {
    const downloaded = mayDownload ? revised : cachedHub(revised, cache);
    if (downloaded !== undefined) return downloaded;
    throw new InputError(`its base is not on this machine; name it, as ${revised}, to download it`, { file: folder });
  }
  if (kindOfBase(name) === 'sample' || isAbsolute(name)) return name;
  const found = [folder, ...folders].map((root) => resolve(root, name)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  const onHub = hubNameOf(revised);
  const downloaded = onHub === undefined ? undefined : cachedHub(onHub, cache);
  if (downloaded !== undefined) return downloaded;
  const places = ["the adapter's folder", ...folders].join(' or ');
  const told = onHub === undefined ? '' : ', nor was it downloaded from the hub';
  throw new InputError(
    `names the base '${name}', which does not lie in ${places}${told}; ` +
      `name its folder, or a model on the hub as ${onHub ?? 'hf:owner/name'}`,
    { file: folder },
  );
}
