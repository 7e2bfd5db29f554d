/** One installation at a time changes the packs of a machine; a lock whose process is gone counts for nothing. */
import { readFileSync } from 'node:fs';
import { rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as z from 'zod';
import { codeOf, fileFault } from '../../formats/file-faults.ts';
import { makeDirectory } from '../../formats/make-directory.ts';
import { InputError } from '../../shared/errors.ts';
import { processStart } from '../../shared/run/liveness.ts';

const LOCK = '.lock';
const holderSchema = z.object({ pid: z.int(), start: z.string().nullable() });
/** A lock taken over may be taken again by another at once; whoever loses that often gives up. */
const ATTEMPTS = 5;

/** Runs `work` alone among all processes of this machine. Throws an `InputError` where another one is at it. */
export async function withLock<T>(home: string, work: () => Promise<T>): Promise<T> {
  const file = join(home, LOCK);
  await makeDirectory(home).catch((error: unknown) => {
    throw fileFault(error, home);
  });
  await take(file);
  try {
    return await work();
  } finally {
    await rm(file, { force: true });
  }
}

async function take(file: string): Promise<void> {
  const own = JSON.stringify({ pid: process.pid, start: processStart(process.pid) });
  for (let attempt = 1; ; attempt++) {
    try {
      await writeFile(file, own, { flag: 'wx' });
      return;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') throw fileFault(error, file);
    }
    const holder = holderOf(file);
    if (holder !== null || attempt === ATTEMPTS) {
      const who = holder === null ? 'another process' : `process ${holder}`;
      throw new InputError(`${who} is installing or removing an engine pack; wait for it, or end it`, { file });
    }
    // Only one of those who find a dead lock can rename it away.
    const aside = `${file}.${process.pid}`;
    await rename(file, aside).catch(() => undefined);
    await rm(aside, { force: true });
  }
}

/** The living process that holds it; null where there is none. */
function holderOf(file: string): number | null {
  try {
    const { pid, start } = holderSchema.parse(JSON.parse(readFileSync(file, 'utf8')));
    return processStart(pid) === start ? pid : null;
  } catch {
    return null;
  }
}
