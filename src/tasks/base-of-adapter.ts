/** Which base an adapter goes on: the one that a person located, that of its run, or the one that it names itself. */
import { existsSync } from 'node:fs';
import { isAbsolute, resolve } from 'node:path';
import { kindOfBase } from '../shared/base-name.ts';
import { InputError } from '../shared/errors.ts';
import type { LocatedAdapter } from '../trainer/locate-adapter.ts';

/**
 * What `openBase` opens; undefined where nothing names one. A relative path of a foreign adapter is looked for in its own folder, then in
 * `folders`, those of the workspace; never where this process happens to run. Throws an `InputError` where it lies in none of them.
 */
export function baseOfAdapter(
  located: string | null,
  { adapter, folder, job }: Pick<LocatedAdapter, 'adapter' | 'folder' | 'job'>,
  folders: readonly string[],
): string | undefined {
  const known = located ?? job?.base;
  if (known !== undefined) return known;
  const { name, revision } = adapter.base;
  if (name === undefined) return undefined;
  if (kindOfBase(name) === 'hub') return revision === undefined || name.includes('@') ? name : `${name}@${revision}`;
  if (kindOfBase(name) === 'sample' || isAbsolute(name)) return name;
  const found = [folder, ...folders].map((root) => resolve(root, name)).find((path) => existsSync(path));
  if (found !== undefined) return found;
  throw new InputError(
    `names the base '${name}', which lies neither in the adapter's folder nor in one of the workspace; ` +
      'locate it, on the hub as hf:owner/name',
    { file: folder },
  );
}
