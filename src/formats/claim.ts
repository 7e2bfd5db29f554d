/**
 * A claim on something that one process at a time may use: a run, a GPU. Taking it is exclusive, a dead holder's is taken over, and a
 * holder that only slept, with its laptop, keeps it. How the files say so: `src/shared/run/lease.ts`.
 */
import { rm, writeFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { HEARTBEAT_MS, type Lease } from '../shared/run/lease.ts';
import {
  type LeaseFile,
  leaseNumbers,
  livenessOf,
  machineId,
  processStart,
  readLeaseIn,
} from '../shared/run/liveness.ts';
import { writeFileAtomic } from './atomic-write.ts';
import { codeOf, fileFault } from './file-faults.ts';
import { makeDirectory } from './make-directory.ts';

/** A holder in doubt is watched for so many beats before its lease is taken over. */
const WATCHED_BEATS = 3;

export interface Claim {
  /** The file that says so. */
  readonly path: string;
  /** Another process has taken it over, which only happens to one suspended for long, or the file was deleted. */
  readonly lost: boolean;
  release(): Promise<void>;
}

/** Held by this process, or by the one that the lease names. */
export type Claimed = { readonly held: Claim } | { readonly by: LeaseFile };

export interface ClaimOptions {
  readonly heartbeatMs?: number | undefined;
  /** For others to read. */
  readonly run?: string | undefined;
}

/** `directory` holds the leases and nothing else. May watch a doubtful holder for seconds. Throws an `InputError` where it cannot be written. */
export async function claim(
  directory: string,
  { heartbeatMs = HEARTBEAT_MS, run }: ClaimOptions = {},
): Promise<Claimed> {
  const lease: Lease = {
    version: 1,
    host: hostname(),
    machine: machineId(),
    pid: process.pid,
    processStart: processStart(process.pid),
    since: Date.now(),
    released: false,
    ...(run !== undefined && { run }),
  };
  try {
    await makeDirectory(directory);
    for (;;) {
      const found = readLeaseIn(directory);
      if (found !== null && (await isHeld(directory, found, heartbeatMs))) return { by: found };
      const path = join(directory, `${(found?.number ?? 0) + 1}.json`);
      if (!(await createExclusively(path, JSON.stringify(lease)))) continue;
      for (const number of leaseNumbers(directory).filter((other) => other <= (found?.number ?? 0)))
        await rm(join(directory, `${number}.json`), { force: true });
      return { held: hold(path, lease, heartbeatMs) };
    }
  } catch (error) {
    throw fileFault(error, directory);
  }
}

async function isHeld(directory: string, found: LeaseFile, heartbeatMs: number): Promise<boolean> {
  const liveness = livenessOf(found);
  if (liveness !== 'doubtful') return liveness === 'held';
  await sleep(WATCHED_BEATS * heartbeatMs);
  const later = readLeaseIn(directory);
  return later?.number !== found.number || later.heartbeat !== found.heartbeat;
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

function hold(path: string, lease: Lease, heartbeatMs: number): Claim {
  let lost = false;
  const worker = new Worker(HEARTBEAT, { eval: true, workerData: { path, heartbeatMs } });
  worker.on('message', () => (lost = true));
  worker.unref();
  return {
    path,
    get lost() {
      return lost;
    },
    release: async () => {
      await worker.terminate();
      // On a full disk the lease stays, and is found dead with its process.
      if (!lost) await writeFileAtomic(path, JSON.stringify({ ...lease, released: true })).catch(() => undefined);
    },
  };
}
