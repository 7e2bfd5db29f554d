/**
 * A run's state, from its folder alone: what its events say and whether a process holds its lease. Nothing is remembered
 * between calls, so that any window, before or after a restart, sees the same.
 */
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, messageOf } from '../errors.ts';
import { type EventHistory, readEvents } from './event-log.ts';
import { type RunIdentity, runSchema } from './identity.ts';
import { RUN_PATHS, RUNS_PATH } from './layout.ts';
import { type LeaseFile, livenessOf, readLease } from './liveness.ts';
import type { RunStatus } from './status.ts';
import { type RunSummary, summarise } from './summary.ts';

export interface RunState {
  readonly folder: string;
  readonly identity: RunIdentity;
  readonly status: RunStatus;
  readonly summary: RunSummary;
  /** The process that trains now. */
  readonly holder: { readonly host: string; readonly pid: number } | null;
  /** Where `followEvents` goes on. */
  readonly eventsOffset: number;
  readonly damagedLines: number;
}

/** The largest part of a `run.json` is the list of class names. */
const MAX_IDENTITY_BYTES = 16 * 2 ** 20;

/** Throws an `InputError` where `folder` is no run folder. */
export async function readRun(folder: string): Promise<RunState> {
  const identity = await readIdentity(folder);
  // The lease first: a trainer writes its last event before it lets go, so the events read then are never too old.
  const leaseFile = readLease(folder);
  const history = await readEvents(folder);
  return stateOf(identity, leaseFile, summarise(history.events), { folder, ...history });
}

/** The same from parts, for a reader that goes on from where it was. */
export function stateOf(
  identity: RunIdentity,
  leaseFile: LeaseFile | null,
  summary: RunSummary,
  { folder, offset, damagedLines }: Omit<EventHistory, 'events'> & { readonly folder: string },
): RunState {
  const held = leaseFile !== null && livenessOf(leaseFile) === 'held';
  const { lease } = leaseFile ?? { lease: null };
  return {
    folder,
    identity,
    status: statusOf(summary, leaseFile, held),
    summary,
    holder: held && lease !== null ? { host: lease.host, pid: lease.pid } : null,
    eventsOffset: offset,
    damagedLines,
  };
}

export async function readIdentity(folder: string): Promise<RunIdentity> {
  const file = join(folder, RUN_PATHS.identity);
  let parsed;
  try {
    const { size } = await stat(file);
    if (size > MAX_IDENTITY_BYTES) throw new Error(`${size} bytes are more than the ${MAX_IDENTITY_BYTES} allowed`);
    parsed = runSchema.safeParse(JSON.parse(await readFile(file, 'utf8')));
  } catch (error) {
    const missing = error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code));
    throw new InputError(missing ? 'not a run folder (it has no run.json)' : messageOf(error), {
      file: missing ? folder : file,
    });
  }
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new InputError(issue?.message ?? 'not the description of a run', {
    file,
    field: (issue?.path ?? []).join('.'),
  });
}

function statusOf({ phase, since }: RunSummary, leaseFile: LeaseFile | null, held: boolean): RunStatus {
  const ended = phase === 'finished' || phase === 'stopped' || phase === 'failed';
  // A lease younger than the end is a process about to resume; an older one is only about to let go.
  if (held && (!ended || (leaseFile?.lease?.since ?? 0) > since)) return phase === 'paused' ? 'paused' : 'running';
  if (ended) return phase;
  return phase === 'queued' && leaseFile === null ? 'queued' : 'interrupted';
}

export interface RunList {
  /** The newest first. */
  readonly runs: readonly RunState[];
  /** Folders that look like runs but cannot be read. */
  readonly unreadable: readonly { readonly folder: string; readonly reason: string }[];
}

/** More than anyone reads; the oldest are left out. */
const MAX_RUNS = 1000;

/** The runs of a workspace root, or of a folder of run folders. None where there is no such folder. */
export async function listRuns(dir: string): Promise<RunList> {
  const inWorkspace = join(dir, ...RUNS_PATH);
  const parent = (await isFolder(inWorkspace)) ? inWorkspace : dir;
  const names = (await isFolder(parent)) ? await readdir(parent) : [];
  const runs: RunState[] = [];
  const unreadable: { folder: string; reason: string }[] = [];
  // Run folders begin with their date, so their names sort by age.
  for (const name of names.sort().reverse().slice(0, MAX_RUNS)) {
    const folder = join(parent, name);
    // Without its run.json a folder is none, or one just being created.
    if (!(await isFile(join(folder, RUN_PATHS.identity)))) continue;
    try {
      runs.push(await readRun(folder));
    } catch (error) {
      unreadable.push({ folder, reason: messageOf(error) });
    }
  }
  runs.sort((a, b) => b.identity.created - a.identity.created);
  return { runs, unreadable };
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}

async function isFile(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
}
