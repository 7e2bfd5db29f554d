/** In which fields of their jobs runs differ: the columns of a comparison. Pure. */
import type { Job } from '../job.ts';

export interface DifferingField {
  /** As in the job file: `lora.rank`. */
  readonly field: string;
  /** One a job, in their order; undefined where a job does not have the field. */
  readonly values: readonly unknown[];
}

/** Names differ in any two runs and say nothing about why one is better. */
const IGNORED = new Set(['name', '$schema']);

/** In the order in which the fields first appear. Objects are compared field by field, lists as a whole. */
export function differingFields(jobs: readonly Job[]): DifferingField[] {
  const flat = jobs.map((job) => leavesOf(job, ''));
  const fields = new Set(flat.flatMap((leaves) => [...leaves.keys()]));
  return [...fields]
    .filter((field) => !IGNORED.has(field))
    .map((field) => ({ field, values: flat.map((leaves) => leaves.get(field)) }))
    .filter(({ values }) => new Set(values.map((value) => JSON.stringify(value))).size > 1);
}

function leavesOf(value: unknown, path: string): Map<string, unknown> {
  const fields = typeof value === 'object' && value !== null && !Array.isArray(value) ? Object.entries(value) : [];
  if (fields.length === 0) return new Map([[path, value]]);
  return new Map(fields.flatMap(([name, part]) => [...leavesOf(part, path === '' ? name : `${path}.${name}`)]));
}
