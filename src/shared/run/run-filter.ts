/** Which runs a list shows: those in certain states, and those that hold all words of a text. Pure. */
import type { RunIdentity } from './identity.ts';
import type { RunStatus } from './status.ts';

export const RUN_STATUSES = [
  'queued',
  'running',
  'paused',
  'finished',
  'stopped',
  'interrupted',
  'failed',
] as const satisfies readonly RunStatus[];

export interface RunFilter {
  /** Empty for all. */
  readonly statuses: readonly RunStatus[];
  readonly text: string;
}

export const NO_FILTER: RunFilter = { statuses: [], text: '' };

export function isFiltering({ statuses, text }: RunFilter): boolean {
  return statuses.length > 0 || text.trim() !== '';
}

/** Name, id, dataset, base, method and `r8` are looked through, in any case; every word must be found. */
export function matchesFilter(
  { statuses, text }: RunFilter,
  { status, identity }: { readonly status: RunStatus; readonly identity: RunIdentity },
): boolean {
  if (statuses.length > 0 && !statuses.includes(status)) return false;
  const { id, name, job } = identity;
  const rank = job.method === 'lora' ? `r${job.lora.rank}` : '';
  const subject = [name, id, job.data, job.base, job.method, rank].join('\n').toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => subject.includes(word));
}
