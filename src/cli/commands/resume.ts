import { resolve } from 'node:path';
import { InputError } from '../../shared/errors.ts';
import { readRun, type RunState } from '../../shared/run/read-run.ts';
import { defineCommand } from '../command.ts';
import { one } from '../parameters.ts';
import { resultOf } from '../run-result.ts';
import { trainHere } from '../supervise.ts';

export const resume = defineCommand({
  name: 'resume',
  summary: 'Go on with a run that was stopped or killed',
  details: 'Goes on from the last checkpoint of a run, to the same numbers as if it had never stopped.',
  examples: ['resume .lowrank/runs/2026-03-01-142530-flowers'],
  positionals: { run: one('The run folder') },
  flags: {},
  async run({ run }, { logs }) {
    // The job has absolute paths, and so has the run: the trainer works in the run folder.
    const folder = resolve(run);
    checkResumable(await readRun(folder));
    return resultOf(await trainHere(folder, logs));
  },
});

function checkResumable({ folder: file, status, holder, summary }: RunState): void {
  switch (status) {
    case 'running':
    case 'paused':
      throw new InputError(`is ${status}, by process ${holder?.pid ?? '?'} on ${holder?.host ?? '?'}`, { file });
    case 'finished':
      throw new InputError(`has finished at step ${summary.step}; to train more, start a new run`, { file });
    case 'failed':
      if (summary.failure?.cause !== 'divergence') return;
      throw new InputError(
        `diverged at step ${summary.failure.step} and would again; start a new run (${summary.failure.message})`,
        { file },
      );
    case 'queued':
    case 'stopped':
    case 'interrupted':
      return;
  }
}
