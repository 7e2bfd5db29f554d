/** Exports appear whole and checked, or not at all: they are written beside their place and moved into it once they passed. */
import { randomBytes } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { writeDirectoryAtomic } from '../formats/atomic-write.ts';
import { faultInPlace, fileFault } from '../formats/file-faults.ts';
import { namesIn } from '../formats/folder-names.ts';
import { InputError } from '../shared/errors.ts';

export interface Staged<T> {
  readonly result: T;
  /** What was moved into place. */
  readonly files: readonly string[];
}

/**
 * `work` is given a path of the same name in a folder of its own, which writing creates; what it leaves there lies beside `out` afterwards.
 * Throws what `work` throws, then without a trace, and InputError for a place that cannot be written.
 */
export async function stageFile<T>(out: string, work: (staged: string) => Promise<T>): Promise<Staged<T>> {
  const target = resolve(out);
  const parent = dirname(target);
  if (existsSync(target) && !statSync(target).isFile())
    throw new InputError('is a folder; name a file to write', { file: out });
  const folder = join(parent, `.tmp-${randomBytes(6).toString('hex')}`);
  try {
    const result = await work(join(folder, basename(target)));
    // What others refer to comes first: there is never a model without its data.
    const names = (await readdir(folder)).sort(
      (a, b) => Number(a === basename(target)) - Number(b === basename(target)),
    );
    for (const name of names) await rename(join(folder, name), join(parent, name));
    return { result, files: names.reverse().map((name) => join(parent, name)) };
  } catch (error) {
    throw fileFault(faultInPlace(error, folder, parent), out);
  } finally {
    await rm(folder, { recursive: true, force: true }).catch(() => undefined);
  }
}

/** The same for a folder, which must be new or empty: what is in it would be lost. */
export async function stageDirectory<T>(out: string, work: (staged: string) => Promise<T>): Promise<Staged<T>> {
  const [held] = namesIn(out);
  if (held !== undefined) throw new InputError(`holds ${held} already; name a new folder`, { file: out });
  const results: T[] = [];
  await writeDirectoryAtomic(out, async (staged) => {
    results.push(await work(staged));
  });
  return { result: results[0]!, files: namesIn(out).map((name) => join(resolve(out), name)) };
}
