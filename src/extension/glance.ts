/** Whether a run of these folders may be going on: a look at names only, cheap enough for the start of every window. */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Run folders begin with their date; a run that is going on is among the newest. */
const NEWEST = 20;

export async function hasLivelyRun(roots: readonly string[]): Promise<boolean> {
  for (const root of roots) {
    const runs = join(root, '.lowrank', 'runs');
    const names = await readdir(runs).catch(() => []);
    for (const name of names.sort().reverse().slice(0, NEWEST))
      if (await isHeld(join(runs, name, 'lease'))) return true;
  }
  return false;
}

async function isHeld(leases: string): Promise<boolean> {
  const names = await readdir(leases).catch(() => []);
  const newest = names.toSorted((a, b) => parseInt(b, 10) - parseInt(a, 10))[0];
  if (newest === undefined) return false;
  const text = await readFile(join(leases, newest), 'utf8').catch(() => '');
  return !text.includes('"released":true') && !text.includes('"released": true');
}
