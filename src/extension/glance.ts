/** Whether a run of these folders may be going on or waiting: a look at names and leases only, cheap enough for the start of every window. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Run folders begin with their date; a run that is going on is among the newest. */
const NEWEST = 20;

export async function hasLivelyRun(roots: readonly string[]): Promise<boolean> {
  for (const root of roots) {
    const runs = join(root, '.lowrank', 'runs');
    const names = await readdir(runs).catch(() => []);
    for (const name of names.sort().reverse().slice(0, NEWEST))
      if (!name.startsWith('.') && (await isLively(join(runs, name)))) return true;
  }
  return false;
}

/** Held by a trainer, or never begun and so in the queue. */
async function isLively(run: string): Promise<boolean> {
  const names: string[] = await readdir(run).catch(() => []);
  if (!names.includes('run.json')) return false;
  if (!names.includes('lease')) return !names.includes('events.jsonl');
  const leases = join(run, 'lease');
  const numbers = await readdir(leases).catch(() => []);
  const newest = numbers.toSorted((a, b) => parseInt(b, 10) - parseInt(a, 10))[0];
  if (newest === undefined) return false;
  const text = await readFile(join(leases, newest), 'utf8').catch(() => '');
  return !/"released":\s*true/.test(text);
}
