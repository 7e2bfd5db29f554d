/**
 * Who computes on a GPU: two trainings on one card take each other's memory and time, so a run claims its card and the next one waits, or is
 * refused. Cards are those of this machine's user: what others run is seen in the card's own list of processes (nvidia.ts).
 */
import { basename, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type Claim, claim } from '../formats/claim.ts';
import { dataHome } from '../formats/data-home.ts';
import { InputError } from '../shared/errors.ts';
import { type LeaseFile, livenessOf, readLeaseIn } from '../shared/run/liveness.ts';

/** What a second run on a device does. */
export const BUSY_CHOICES = ['wait', 'refuse'] as const;
export type Busy = (typeof BUSY_CHOICES)[number];

/** A device that one run at a time computes on. */
export interface SharedDevice {
  /** Names its leases: the UUID of a card. */
  readonly key: string;
  /** For a person: `GPU 0`. */
  readonly label: string;
}

/** How long a waiting run takes to notice that its device is free, in milliseconds. */
const LOOK_EVERY_MS = 1_000;

export interface TakeDevice {
  /** The run's folder, for those who wait. */
  readonly run: string;
  readonly busy: Busy;
  /** Told once for each holder that is waited for. */
  readonly onWait: (why: string) => void;
  /** Asked between two looks; what it returns ends the waiting. */
  readonly interrupted: () => Promise<unknown>;
  readonly home?: string | undefined;
  readonly lookEveryMs?: number | undefined;
}

/** Null where the waiting was interrupted. Throws an `InputError` that names the holder where a busy device is refused. */
export async function takeDevice(device: SharedDevice, options: TakeDevice): Promise<Claim | null> {
  const { run, busy, onWait, interrupted, home, lookEveryMs = LOOK_EVERY_MS } = options;
  let told = '';
  for (;;) {
    const claimed = await claim(leasesOf(device.key, home), { run });
    if ('held' in claimed) return claimed.held;
    const by = holderText(claimed.by);
    if (busy === 'refuse') {
      throw new InputError(
        `${device.label} is used by ${by}; wait for it, choose another device, or start with --busy wait`,
        {
          field: 'device',
        },
      );
    }
    if (by !== told) onWait(`waits for ${device.label}, used by ${by}`);
    told = by;
    if ((await interrupted()) !== undefined) return null;
    await sleep(lookEveryMs);
  }
}

/** Who has a device now, in words; null where it is free. */
export function holderOf(key: string, home?: string): string | null {
  const found = readLeaseIn(leasesOf(key, home));
  return found === null || livenessOf(found) === 'free' ? null : holderText(found);
}

function holderText({ lease }: LeaseFile): string {
  if (lease === null) return 'another run';
  const process_ = `process ${lease.pid}`;
  return lease.run === undefined ? process_ : `run ${basename(lease.run)} (${process_})`;
}

function leasesOf(key: string, home = dataHome('devices')): string {
  return join(home, key.replace(/[^\w-]/g, '_'));
}
