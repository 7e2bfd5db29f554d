/** Whether a job can start, and starting it. */
import * as vscode from 'vscode';
import type { Job } from '../../shared/job.ts';
import type { JobReading } from '../../shared/job-reading.ts';
import type { Host } from '../host.ts';
import { workspacePaths } from '../workspace-paths.ts';
import { isWithin } from './paths.ts';

/** Why a job cannot start, whatever its dataset; null where it can. */
export function obstacleOf({ job, shown, faults }: JobReading): string | null {
  const { l10n, workspace } = vscode;
  if (!workspace.isTrusted) return l10n.t('This workspace is not trusted.');
  if (workspace.workspaceFolders === undefined || workspace.workspaceFolders.length === 0)
    return l10n.t('Open a folder first: runs are kept in it.');
  const [fault] = faults;
  if (fault !== undefined) return `${fault.path.join('.')}: ${fault.message}`;
  if (shown.data === '') return l10n.t('Choose a dataset.');
  if (shown.base === '') return l10n.t('Choose a base.');
  return job === null ? l10n.t('The job is not complete.') : null;
}

/** The workspace folder whose runs this becomes one of: the one that holds the dataset, else the first. */
export function rootFor(path: string): string | undefined {
  const roots = workspacePaths();
  return roots.find((root) => isWithin(path, root)) ?? roots[0];
}

/** `job` with absolute paths. Freezes it into a run and shows that. */
export async function startJob({ runs }: Host, job: Job): Promise<string> {
  const root = rootFor(job.data);
  if (root === undefined) throw new Error(vscode.l10n.t('Open a folder first: runs are kept in it.'));
  const { $schema: _, ...frozen } = job;
  const folder = await runs.start(frozen, root);
  await runs.open(folder);
  return folder;
}
