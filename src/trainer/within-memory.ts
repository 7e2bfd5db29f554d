/** A run that goes on when its device runs out of memory: what it has is saved, and the same updates are made from smaller batches. */
import { readIdentity } from '../shared/run/read-run.ts';
import { saveCheckpoint } from './checkpoint.ts';
import type { Checkpoint } from './checkpoint.ts';
import type { Ending } from './ending.ts';
import { DeviceFull, isOutOfMemory, withSmallerBatches } from './out-of-memory.ts';
import { rewriteIdentity } from './run-folder.ts';
import type { RunSite } from './train.ts';

/** As `train`, which is handed in; the smaller batch is written into `run.json`, since checkpoints count in it from then on. */
export async function withinMemory(site: RunSite, train: (site: RunSite) => Promise<Ending>): Promise<Ending> {
  let { checkpoint } = site;
  for (;;) {
    try {
      return await train({ ...site, checkpoint });
    } catch (error) {
      if (!(error instanceof DeviceFull) && !isOutOfMemory(error)) throw error;
      const reached = error instanceof DeviceFull ? error.checkpoint : checkpoint;
      checkpoint = await shrink(site, reached);
    }
  }
}

async function shrink({ folder, log }: RunSite, reached: Checkpoint | null): Promise<Checkpoint | null> {
  const identity = await readIdentity(folder);
  const { batch } = identity.job.training;
  const { job, parts } = withSmallerBatches(identity.job);
  const checkpoint = reached && {
    ...reached,
    progress: { ...reached.progress, batch: reached.progress.batch * parts },
  };
  if (checkpoint !== null) await saveCheckpoint(folder, checkpoint);
  await rewriteIdentity(folder, { ...identity, job });
  const smaller = `${parts} × ${job.training.batch} accumulated`;
  log.record({
    type: 'warning',
    message: `the device has too little memory for batches of ${batch}; going on with ${smaller}`,
  });
  return checkpoint;
}
