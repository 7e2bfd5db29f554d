/**
 * The trainer's claim on a run, so that no second one trains it. Taking it is exclusive, a dead holder's is taken over, and
 * a holder that only slept, with its laptop, keeps it. How the files say so: `src/shared/run/lease.ts`.
 */
import { existsSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { writeFileAtomic } from '../formats/atomic-write.ts';
import { codeOf, fileFault } from '../formats/file-faults.ts';
import { makeDirectory } from '../formats/make-directory.ts';
import { InputError } from '../shared/errors.ts';
import { RUN_PATHS } from '../shared/run/layout.ts';
import { HEARTBEAT_MS, type Lease } from '../shared/run/lease.ts';
import {
  type LeaseFile,
  leaseNumbers,
  livenessOf,
  machineId,
  processStart,
  readLease,
} from '../shared/run/liveness.ts';

/** A holder in doubt is watched for so many beats before its lease is taken over. */
const WATCHED_BEATS = 3;

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
export async function takeLease(folder: string, { heartbeatMs = HEARTBEAT_MS }: LeaseTimes = {}): Promise<HeldLease> {
  const directory = join(folder, RUN_PATHS.leases);
  const lease: Lease = {
    version: 1,
    host: hostname(),
    machine: machineId(),
    pid: process.pid,
    processStart: processStart(process.pid),
    since: Date.now(),
    released: false,
  };
  try {
    await makeDirectory(directory);
    for (;;) {
      const found = readLease(folder);
      if (found !== null && (await isHeld(folder, found, heartbeatMs))) throw alreadyHeld(folder, found);
      const path = join(directory, `${(found?.number ?? 0) + 1}.json`);
      if (!(await createExclusively(path, JSON.stringify(lease)))) continue;
      for (const number of leaseNumbers(folder).filter((other) => other <= (found?.number ?? 0)))
        await rm(join(directory, `${number}.json`), { force: true });
      return hold(folder, path, lease, heartbeatMs);
    }
  } catch (error) {
    throw fileFault(error, directory);
  }
}

async function isHeld(folder: string, found: LeaseFile, heartbeatMs: number): Promise<boolean> {
  const liveness = livenessOf(found);
  if (liveness !== 'doubtful') return liveness === 'held';
  await sleep(WATCHED_BEATS * heartbeatMs);
  const later = readLease(folder);
  return later?.number !== found.number || later.heartbeat !== found.heartbeat;
}

function alreadyHeld(folder: string, { lease }: LeaseFile): InputError {
  const holder = lease === null ? 'another process' : `process ${lease.pid} on ${lease.host}`;
  return new InputError(`this run is being trained by ${holder}; stop it first, or follow it`, { file: folder });
}

async function createExclusively(path: string, content: string): Promise<boolean> {
  try {
    await writeFile(path, content, { flag: 'wx' });
    return true;
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false;
    throw error;
  }
}

/** The beat of a thread of its own: an engine may keep the main thread busy for many seconds. */
const HEARTBEAT = `
  const { utimesSync } = require('node:fs');
  const { parentPort, workerData } = require('node:worker_threads');
  setInterval(() => {
    const now = Date.now() / 1000;
    try { utimesSync(workerData.path, now, now); }
    catch (error) { if (error.code === 'ENOENT') parentPort.postMessage('lost'); }
  }, workerData.heartbeatMs);
`;

function hold(folder: string, path: string, lease: Lease, heartbeatMs: number): HeldLease {
  let lost = false;
  const worker = new Worker(HEARTBEAT, { eval: true, workerData: { path, heartbeatMs } });
  worker.on('message', () => (lost = true));
  worker.unref();
  return {
    check: () => {
      if (!lost) return;
      if (!existsSync(join(folder, RUN_PATHS.identity)))
        throw new InputError('the run was deleted; training has stopped', { file: folder });
      throw new InputError('another trainer has taken over this run', { file: path });
    },
    release: async () => {
      await worker.terminate();
      // On a full disk the lease stays, and is found dead with its process.
      if (!lost) await writeFileAtomic(path, JSON.stringify({ ...lease, released: true })).catch(() => undefined);
    },
  };
}
