/** One installation at a time changes the packs of a machine. */
import { join } from 'node:path';
import { claim } from '../../formats/claim.ts';
import { InputError } from '../../shared/errors.ts';

export const LEASES = '.lease';

/** Runs `work` alone among all processes of this machine. Throws an `InputError` where another one is at it. */
export async function withLock<T>(home: string, work: () => Promise<T>): Promise<T> {
  const claimed = await claim(join(home, LEASES));
  if ('by' in claimed) {
    const { lease } = claimed.by;
    const who = lease === null ? 'another process' : `process ${lease.pid} on ${lease.host}`;
    throw new InputError(`${who} is installing or removing an engine pack; wait for it, or end it`, { file: home });
  }
  try {
    return await work();
  } finally {
    await claimed.held.release();
  }
}
