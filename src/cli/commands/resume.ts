import { resolve } from 'node:path';
import { InputError } from '../../shared/errors.ts';
import { readRun, type RunState } from '../../shared/run/read-run.ts';
import { sendControl } from '../../shared/run/send-control.ts';
import { extendRun } from '../../trainer/extend-run.ts';
import { defineCommand, type Result } from '../command.ts';
import { BUSY_FLAG } from '../job-flags.ts';
import { number, one } from '../parameters.ts';
import { resultOf } from '../run-result.ts';
import { trainHere } from '../supervise.ts';

export const resume = defineCommand({
  name: 'resume',
  summary: 'Go on with a run that was stopped or killed',
  details:
    'Goes on from the last checkpoint of a run, to the same numbers as if it had never stopped. A run that is only paused is ' +
    'told to go on. With --epochs a run that has ended, finished or not, is given more of them: the learning rate goes on by ' +
    'the schedule of the longer run.',
  examples: [
    'resume .lowrank/runs/2026-03-01-142530-flowers',
    'resume .lowrank/runs/2026-03-01-142530-flowers --epochs 6',
  ],
  positionals: { run: one('The run folder') },
  flags: { epochs: number('<n>', 'Train on to so many epochs in all, more than the run has'), ...BUSY_FLAG },
  async run({ run, epochs, busy }, { logs }) {
    // The job has absolute paths, and so has the run: the trainer works in the run folder.
    const folder = resolve(run);
    if (epochs !== undefined) await extendRun(folder, epochs);
    const state = await readRun(folder);
    if (state.status === 'paused') return continued(state);
    checkResumable(state);
    return resultOf(await trainHere(folder, logs, { busy }));
  },
});

/** Its own trainer goes on, wherever it was started; this command has done its part. */
async function continued({ folder, holder, summary }: RunState): Promise<Result> {
  await sendControl(folder, 'resume');
  return {
    json: { run: folder, status: 'running', step: summary.step },
    lines: () => [`told process ${holder?.pid ?? '?'} on ${holder?.host ?? '?'} to go on from step ${summary.step}`],
  };
}

function checkResumable({ folder: file, status, holder, summary }: RunState): void {
  switch (status) {
    case 'running':
      throw new InputError(`is running, by process ${holder?.pid ?? '?'} on ${holder?.host ?? '?'}`, { file });
    case 'finished':
      throw new InputError(`has finished at step ${summary.step}; train on by --epochs`, { file });
    case 'failed':
      if (summary.failure?.cause !== 'divergence') return;
      throw new InputError(
        `diverged at step ${summary.failure.step} and would again; start a new run (${summary.failure.message})`,
        { file },
      );
    case 'queued':
    case 'paused':
    case 'stopped':
    case 'interrupted':
      return;
  }
}
