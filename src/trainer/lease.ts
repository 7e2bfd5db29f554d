/** The trainer's claim on a run, so that no second one trains it: src/formats/claim.ts, in the run's own words. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { claim } from '../formats/claim.ts';
import { InputError } from '../shared/errors.ts';
import { RUN_PATHS } from '../shared/run/layout.ts';
import type { LeaseFile } from '../shared/run/liveness.ts';

export interface HeldLease {
  /** Throws an `InputError` when the run was deleted, or another trainer has taken over, which only happens to one suspended for long. */
  check(): void;
  /** Lets go; call it after the last event was written. */
  release(): Promise<void>;
}

export interface LeaseTimes {
  readonly heartbeatMs?: number;
}

/** Throws an `InputError` naming the holder when the run is being trained already. May watch a doubtful holder for seconds. */
export async function takeLease(folder: string, { heartbeatMs }: LeaseTimes = {}): Promise<HeldLease> {
  const claimed = await claim(join(folder, RUN_PATHS.leases), { heartbeatMs });
  if ('by' in claimed) throw alreadyHeld(folder, claimed.by);
  const { held } = claimed;
  return {
    check: () => {
      if (!held.lost) return;
      if (!existsSync(join(folder, RUN_PATHS.identity)))
        throw new InputError('the run was deleted; training has stopped', { file: folder });
      throw new InputError('another trainer has taken over this run', { file: held.path });
    },
    release: () => held.release(),
  };
}

function alreadyHeld(folder: string, { lease }: LeaseFile): InputError {
  const holder = lease === null ? 'another process' : `process ${lease.pid} on ${lease.host}`;
  return new InputError(`this run is being trained by ${holder}; stop it first, or follow it`, { file: folder });
}
