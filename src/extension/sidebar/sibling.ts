/** The run that goes on with the same dataset, and in what the form differs from the job it was started with. */
import type { Job } from '../../shared/job.ts';
import { differingFields } from '../../shared/job-reading.ts';
import type { SiblingRun } from '../../shared/protocol/sidebar.ts';
import { readRun } from '../../shared/run/read-run.ts';
import type { Host } from '../host.ts';

/** Fields that change nothing of what is trained; a sweep names its runs itself. */
const UNTRAINED = new Set(['$schema', 'name']);

/** Null where none of the newest runs goes on. */
export async function siblingOf({ runs }: Host, data: string, job: Job | null): Promise<SiblingRun | null> {
  const [newest] = await runs.ofDataset(data);
  const run = newest === undefined ? undefined : await readRun(newest).catch(() => undefined);
  if (run === undefined) return null;
  const { folder, identity, status } = run;
  if (status !== 'running' && status !== 'paused' && status !== 'queued') return null;
  const differs = job === null ? [] : differingFields(job, identity.job).filter((field) => !UNTRAINED.has(field));
  return { folder, name: identity.name, status, differs };
}
