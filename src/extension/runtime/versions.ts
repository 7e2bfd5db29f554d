/** Staged versions of the runtime: which processes use one, and the deletion of old ones that none uses. */
import { mkdir, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { processStart } from '../../shared/run/liveness.ts';

/** In a version's folder: one file a process, its name the process id, its content the process' start. */
const USERS = 'users';
/** A version as young as that may just have been staged by a window that has not started anything yet. */
const MIN_AGE_MS = 24 * 60 * 60_000;

export async function recordUse(version: string, pid: number): Promise<void> {
  const users = join(version, USERS);
  await mkdir(users, { recursive: true });
  await writeFile(join(users, String(pid)), processStart(pid) ?? '');
}

/** Deletes the versions in `parent` other than `current` that are old and that no process uses. */
export async function collectVersions(parent: string, current: string, now = Date.now()): Promise<void> {
  for (const name of await readdir(parent)) {
    const version = join(parent, name);
    if (name === current || now - (await stat(version)).mtimeMs < MIN_AGE_MS || (await isUsed(version))) continue;
    await rm(version, { recursive: true, force: true });
  }
}

async function isUsed(version: string): Promise<boolean> {
  const users = join(version, USERS);
  for (const name of await readdir(users).catch(() => [])) {
    const start = processStart(Number(name));
    if (start !== null && start === (await readFile(join(users, name), 'utf8'))) return true;
  }
  return false;
}
