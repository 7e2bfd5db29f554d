/** A run of the trainer as the scripts that make what is shipped start it: followed on the terminal, to its end. */
import process from 'node:process';
import { join, resolve } from 'node:path';
import { Progress } from '../src/cli/progress.ts';
import { terminalOf } from '../src/cli/terminal.ts';
import type { Job } from '../src/shared/job.ts';
import { followEvents } from '../src/shared/run/event-log.ts';
import { isEnd } from '../src/shared/run/events.ts';
import { launchTrainer } from '../src/trainer/launch.ts';
import { createRun } from '../src/trainer/run-folder.ts';

/** `work` takes the run; `trainer` is the trainer's bundle. Returns the run's folder; throws where it failed. */
export async function pretrainedRun(job: Job, work: string, trainer = 'dist/trainer.js'): Promise<string> {
  const folder = await createRun({ job, version: 'pretrain', root: work, out: join(work, 'run') });
  const running = await launchTrainer(folder, { node: process.execPath, script: resolve(trainer) });
  const progress = new Progress(terminalOf(process.stderr));
  const following = new AbortController();
  void running.stopped.then(() => {
    following.abort();
  });
  for await (const event of followEvents(folder, 0, following.signal)) {
    progress.show(event);
    if (isEnd(event)) break;
  }
  const { code } = await running.stopped;
  if (code !== 0) throw new Error(`pre-training failed; its folder is ${folder}`);
  return folder;
}
