/** Which of a workspace's runs trains next. Pure: every window that looks at the same folders decides the same. */
import { isLively, type RunStatus } from './status.ts';

export interface Queued {
  readonly folder: string;
  readonly status: RunStatus;
  /** Milliseconds since 1970. */
  readonly created: number;
}

/** A run that waited longer was forgotten, or its editor was closed: it is started by hand, not by surprise. */
const MAX_WAIT_MS = 24 * 60 * 60_000;

/** The run that has waited longest, where none is at work; null where nothing is to be started. */
export function nextInQueue(runs: readonly Queued[], now: number): string | null {
  if (runs.some(({ status }) => isLively(status))) return null;
  const waiting = runs
    .filter(({ status, created }) => status === 'queued' && now - created < MAX_WAIT_MS)
    .toSorted((a, b) => a.created - b.created || a.folder.localeCompare(b.folder));
  return waiting[0]?.folder ?? null;
}
