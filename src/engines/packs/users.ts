/** Which processes have libraries of a pack in use: they are not taken away under a training. */
import { readdir, readFile } from 'node:fs/promises';
import { sep } from 'node:path';
import { InputError } from '../../shared/errors.ts';

/** Throws an `InputError` that names the first process with a file of `folder` mapped. Linux alone tells. */
export async function checkUnused(folder: string): Promise<void> {
  const pid = await userOf(folder);
  if (pid !== null) {
    throw new InputError(`process ${pid} is using this pack; stop its training first`, { file: folder });
  }
}

export async function isUsed(folder: string): Promise<boolean> {
  return (await userOf(folder)) !== null;
}

async function userOf(folder: string): Promise<string | null> {
  for (const pid of await readdir('/proc').catch(() => [])) {
    if (!/^\d+$/.test(pid)) continue;
    // Processes of other users, and those that end meanwhile, tell nothing.
    const maps = await readFile(`/proc/${pid}/maps`, 'utf8').catch(() => '');
    if (maps.includes(folder + sep)) return pid;
  }
  return null;
}
