/**
 * More epochs for a run that has ended: the frozen job is changed and the run can be resumed from its last checkpoint.
 *
 * The learning rate goes on by the schedule of the longer run, from the step that was reached: from there on it is what it would have
 * been had the run been that long from the start. After a run that had come down to nothing it therefore rises once, to where the longer
 * curve stands, and comes down again. The rates of the steps that were done are history and stay what they were. A run that had
 * lost its patience (early stopping) is given it anew.
 */
import { InputError } from '../shared/errors.ts';
import type { RunEvent } from '../shared/run/events.ts';
import { readRun, type RunState } from '../shared/run/read-run.ts';
import { type Checkpoint, latestCheckpoint } from './checkpoint.ts';
import { takeLease } from './lease.ts';
import { rewriteIdentity } from './run-folder.ts';
import { RunLog } from './run-log.ts';

/**
 * `epochs` counts from the start of the run. The event comes before the job: a process killed between the two leaves a run that is
 * stopped, resumes to its old end, and can be extended again. Throws an `InputError` for a run that is being trained, one without a
 * checkpoint, and for no more epochs than it has.
 */
export async function extendRun(folder: string, epochs: number): Promise<void> {
  checkState(await readRun(folder));
  const lease = await takeLease(folder);
  try {
    const { checkpoint } = await latestCheckpoint(folder);
    if (checkpoint === null) throw new InputError('has no checkpoint to go on from; start a new run', { file: folder });
    const { identity } = await readRun(folder);
    const { job, setup } = identity;
    const from = job.training.epochs;
    if (!Number.isInteger(epochs) || epochs <= from) {
      throw new InputError(`must be a whole number above the ${from} of this run, not ${epochs}`, { field: 'epochs' });
    }
    const steps = setup && { ...setup.steps, total: setup.steps.perEpoch * epochs };
    const { step } = checkpoint.progress;
    const log = await RunLog.open(folder, step);
    try {
      log.record({ type: 'extended', step, from, epochs, totalSteps: steps?.total ?? null });
    } finally {
      log.close();
    }
    await rewriteIdentity(folder, {
      ...identity,
      job: { ...job, training: { ...job.training, epochs } },
      setup: setup && { ...setup, steps: steps! },
    });
  } finally {
    await lease.release();
  }
}

function checkState({ folder: file, status, summary, holder }: RunState): void {
  switch (status) {
    case 'running':
    case 'paused':
      throw new InputError(`is ${status}, by process ${holder?.pid ?? '?'}; stop it first`, { file });
    case 'failed':
      throw new InputError(`failed at step ${summary.step}; more epochs would not help`, { file });
    case 'queued':
    case 'finished':
    case 'stopped':
    case 'interrupted':
      return;
  }
}

/** Whoever asks for more epochs wants to see them, whatever the evaluations before. */
export function withPatience(checkpoint: Checkpoint, events: readonly RunEvent[]): Checkpoint {
  const extended = events.findLast((event) => event.type === 'extended');
  if (extended?.step !== checkpoint.progress.step) return checkpoint;
  const earlyStopping = { ...checkpoint.progress.earlyStopping, evaluationsSinceBest: 0 };
  return { ...checkpoint, progress: { ...checkpoint.progress, earlyStopping } };
}
