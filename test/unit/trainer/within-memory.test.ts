/** What becomes of a run whose device is full: its state, its job and its words. */
import { describe, expect, it } from 'vitest';
import { float32 } from '../../../src/graph/tensor.ts';
import { readIdentity } from '../../../src/shared/run/read-run.ts';
import { type Checkpoint, latestCheckpoint } from '../../../src/trainer/checkpoint.ts';
import { NOTHING_OBSERVED } from '../../../src/trainer/divergence.ts';
import { NO_EVALUATION } from '../../../src/trainer/early-stopping.ts';
import { DeviceFull } from '../../../src/trainer/out-of-memory.ts';
import type { RunSite } from '../../../src/trainer/train.ts';
import { withinMemory } from '../../../src/trainer/within-memory.ts';
import { newRun, useWorkspace } from './temporary-run.ts';

const workspace = useWorkspace();
const FINISHED = { type: 'finished', step: 9, reason: 'completed', seconds: 1 } as const;
const FULL = new Error('CUDA failure 2: out of memory ; GPU=0');

/** After three of the batches of the second epoch. */
const REACHED: Checkpoint = {
  progress: {
    step: 7,
    epoch: 1,
    batch: 3,
    seed: 0,
    random: {},
    earlyStopping: NO_EVALUATION,
    divergence: NOTHING_OBSERVED,
    lossScale: null,
    seconds: 2,
    skippedImages: [],
  },
  parameters: new Map([['q.lora_A.weight', float32([2], [1, 2])]]),
  optimizer: new Map([['q.lora_A.weight.exp_avg', float32([2], [3, 4])]]),
  average: null,
};

interface Tried {
  readonly batch: number;
  readonly accumulate: number;
  readonly from: Checkpoint | null;
}

/** Runs with a training that meets `faults`, one each time it is started, and then finishes. */
async function run(faults: readonly Error[], checkpoint: Checkpoint | null = null) {
  const folder = await newRun(workspace);
  const tried: Tried[] = [];
  const warnings: string[] = [];
  const log = { record: ({ message }: { message: string }) => warnings.push(message) };
  const train = async (site: RunSite) => {
    const { batch, accumulate } = (await readIdentity(folder)).job.training;
    tried.push({ batch, accumulate, from: site.checkpoint });
    const fault = faults[tried.length - 1];
    if (fault !== undefined) throw fault;
    return FINISHED;
  };
  const site = { folder, log, checkpoint } as unknown as RunSite;
  return { folder, tried, warnings, ending: await withinMemory(site, train).catch((error: unknown) => error) };
}

describe('withinMemory', () => {
  it('goes on where a full device left it, with half the batch and the same updates', async () => {
    const { folder, tried, warnings, ending } = await run([new DeviceFull(FULL, REACHED)]);
    expect(ending).toBe(FINISHED);
    // Three batches of 16 are six of 8.
    const from = { ...REACHED, progress: { ...REACHED.progress, batch: 6 } };
    expect(tried).toEqual([
      { batch: 16, accumulate: 1, from: null },
      { batch: 8, accumulate: 2, from },
    ]);
    expect(warnings).toEqual(['the device has too little memory for batches of 16; going on with 2 × 8 accumulated']);
    expect((await latestCheckpoint(folder)).checkpoint?.progress).toEqual(from.progress);
  });

  it('starts anew what was full before its first step', async () => {
    const { tried, ending } = await run([FULL, FULL]);
    expect(ending).toBe(FINISHED);
    expect(tried.map(({ batch, from }) => [batch, from])).toEqual([
      [16, null],
      [8, null],
      [4, null],
    ]);
  });

  it('ends where one image is too much', async () => {
    const { tried, ending } = await run(Array.from({ length: 9 }, () => FULL));
    expect(tried.map(({ batch }) => batch)).toEqual([16, 8, 4, 2, 1]);
    expect(String(ending)).toMatch(/too little memory for even one image/);
  });

  it('lets pass what is no lack of memory', async () => {
    const fault = new Error('the disk is gone');
    const { tried, ending } = await run([fault]);
    expect(ending).toBe(fault);
    expect(tried.length).toBe(1);
  });
});
