/** Whether a process still stands behind a lease: asked of the operating system where it can tell, of the heartbeat else. */
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { numberOf } from './control.ts';
import { HEARTBEAT_DOUBT_MS, type Lease, leaseSchema } from './lease.ts';
import { RUN_PATHS } from './layout.ts';

export interface LeaseFile {
  readonly number: number;
  /** Null where the file cannot be read as a lease, as in the instant of its creation. */
  readonly lease: Lease | null;
  /** Milliseconds since 1970. */
  readonly heartbeat: number;
}

/** The lease of a run that counts, released or not; null where it was never taken. */
export function readLease(folder: string): LeaseFile | null {
  return readLeaseIn(join(folder, RUN_PATHS.leases));
}

/** The same of whatever has its leases in `directory`. */
export function readLeaseIn(directory: string): LeaseFile | null {
  const numbers = leaseNumbers(directory);
  if (numbers.length === 0) return null;
  const number = Math.max(...numbers);
  let file: number;
  try {
    file = openSync(join(directory, `${number}.json`), 'r');
  } catch (error) {
    const gone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    // Another user's, not readable here: as far as one can tell, it is held.
    if (!gone) return { number, lease: null, heartbeat: Date.now() };
    // A successor deleted it between two calls: the successor's counts.
    return leaseNumbers(directory).some((other) => other > number) ? readLeaseIn(directory) : null;
  }
  try {
    // Of the open file: a network file system asks its server again on opening, not on every stat.
    return { number, lease: parseLease(readFileSync(file, 'utf8')), heartbeat: fstatSync(file).mtimeMs };
  } finally {
    closeSync(file);
  }
}

/** `doubtful`: its heartbeat is old, but a machine that just woke from sleep would look the same. */
export type Liveness = 'held' | 'doubtful' | 'free';

export function livenessOf({ lease, heartbeat }: LeaseFile, now = Date.now()): Liveness {
  if (lease?.released === true) return 'free';
  if (lease?.machine === machineId()) {
    const start = processStart(lease.pid);
    if (start === null) return 'free';
    if (start !== 'unknown' && lease.processStart !== null) return start === lease.processStart ? 'held' : 'free';
  }
  return Math.abs(now - heartbeat) < HEARTBEAT_DOUBT_MS ? 'held' : 'doubtful';
}

/** Changes with the host, on Linux also with its boot and the container, since process ids start anew with each. */
export function machineId(): string {
  if (process.platform !== 'linux') return hostname();
  try {
    const boot = readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
    return `${hostname()} ${boot} ${readlinkSync('/proc/self/ns/pid')}`;
  } catch {
    return hostname();
  }
}

/** When a process of this machine started, in the system's own form; null where there is no such process. */
export function processStart(pid: number): string | null {
  if (process.platform === 'linux') {
    try {
      // The name in parentheses may itself hold spaces and parentheses; behind it come state (field 3) … start time (22).
      const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const ended = fields[0] === 'Z' || fields[0] === 'X';
      return ended ? null : (fields[19] ?? 'unknown');
    } catch {
      // No such process, or no /proc: the signal below tells which.
    }
  }
  try {
    process.kill(pid, 0);
    return 'unknown';
  } catch (error) {
    // Another user's process cannot be signalled, but it is there.
    return error instanceof Error && 'code' in error && error.code === 'EPERM' ? 'unknown' : null;
  }
}

export function leaseNumbers(directory: string): number[] {
  try {
    return readdirSync(directory)
      .map(numberOf)
      .filter((number) => number !== null);
  } catch {
    return [];
  }
}

function parseLease(text: string): Lease | null {
  try {
    const result = leaseSchema.safeParse(JSON.parse(text));
    return result.success ? result.data : null;
  } catch {
    return null;
  }
}
