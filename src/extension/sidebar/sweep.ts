/** *Sweep Ranks…*: one run for each of several ranks of a job, queued, and their curves in one chart. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { InputError } from '../../shared/errors.ts';
import { formatBytes, formatInteger } from '../../shared/format.ts';
import type { Job } from '../../shared/job.ts';
import type { PlanResult } from '../../shared/protocol/results.ts';
import { SWEEP_RANKS, sweepChoices, sweepJobs } from '../../shared/sweep.ts';
import type { Host } from '../host.ts';
import { rootFor } from '../job/start.ts';

/** `job` with absolute paths, able to start. Returns the folders of the runs; none where a person thought better of it. */
export async function sweepRanks({ runs }: Pick<Host, 'runs'>, job: Job, plan: PlanResult | null): Promise<string[]> {
  if (job.method !== 'lora') throw new InputError(vscode.l10n.t('Only jobs of the method LoRA have a rank.'));
  const root = rootFor(job.data);
  if (root === undefined) throw new InputError(vscode.l10n.t('Open a folder first: runs are kept in it.'));
  const ranks = await askRanks(job, plan);
  const { $schema: _, ...plain } = job;
  const folders: string[] = [];
  try {
    // One after another: the queue goes by age.
    for (const each of sweepJobs(plain, ranks, basename(job.data))) folders.push(await runs.start(each, root));
  } finally {
    // Also those that could still be queued before one could not.
    if (folders.length > 1) await vscode.commands.executeCommand('lowrank.compareRuns', undefined, folders);
    else if (folders.length === 1) await runs.open(folders[0]!);
  }
  return folders;
}

async function askRanks(job: Job, plan: PlanResult | null): Promise<readonly number[]> {
  const { l10n } = vscode;
  const usual: readonly number[] = SWEEP_RANKS;
  const picks = sweepChoices(job, plan).map(({ rank, alpha, cost }) => ({
    label: l10n.t('Rank {0}', rank),
    description:
      cost === null
        ? l10n.t('alpha {0}', alpha)
        : l10n.t(
            'alpha {0} · {1} parameters · {2}',
            alpha,
            formatInteger(cost.trainableParameters),
            formatBytes(cost.adapterBytes),
          ),
    picked: usual.includes(rank),
    rank,
  }));
  const picked = await vscode.window.showQuickPick(picks, {
    title: l10n.t('Sweep which ranks?'),
    placeHolder: l10n.t('One run for each, one after another; alpha keeps its ratio to the rank'),
    canPickMany: true,
    ignoreFocusOut: true,
  });
  return (picked ?? []).map(({ rank }) => rank);
}
