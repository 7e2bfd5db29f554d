import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/shared/run/events.ts';
import { summarise } from '../../../src/shared/run/summary.ts';
import type { Checkpoint } from '../../../src/trainer/checkpoint.ts';
import { NOTHING_OBSERVED } from '../../../src/trainer/divergence.ts';
import { extendRun, withPatience } from '../../../src/trainer/extend-run.ts';
import { newRun, useWorkspace } from './temporary-run.ts';

const workspace = useWorkspace();

const extended = { seq: 3, time: 30, type: 'extended', step: 8, from: 2, epochs: 3, totalSteps: 12 } as const;

function checkpointAt(step: number): Checkpoint {
  return {
    progress: {
      step,
      epoch: 2,
      batch: 0,
      seed: 0,
      random: {},
      earlyStopping: { best: { step: 2, loss: 1, accuracy: 0.5 }, evaluationsSinceBest: 4 },
      divergence: NOTHING_OBSERVED,
      lossScale: null,
      seconds: 1,
      skippedImages: [],
    },
    parameters: new Map(),
    optimizer: new Map(),
    average: null,
  };
}

describe('extending a run', () => {
  it('needs a checkpoint to go on from', async () => {
    const folder = await newRun(workspace);
    await expect(extendRun(folder, 5)).rejects.toThrow('has no checkpoint to go on from; start a new run');
  });

  it('leaves a run that is stopped: it can be resumed', () => {
    const events: RunEvent[] = [
      { seq: 1, time: 10, type: 'started', host: 'here', pid: 1 },
      { seq: 2, time: 20, type: 'finished', step: 8, reason: 'completed', seconds: 1 },
      extended,
    ];
    expect(summarise(events)).toMatchObject({ phase: 'stopped', since: 30, step: 8, epochs: 3, totalSteps: 12 });
  });

  it('gives patience anew where it goes on, and only there', () => {
    const sinceBest = (step: number, events: RunEvent[]): number =>
      withPatience(checkpointAt(step), events).progress.earlyStopping.evaluationsSinceBest;
    expect(sinceBest(8, [extended])).toBe(0);
    expect(sinceBest(10, [extended])).toBe(4);
    expect(sinceBest(8, [])).toBe(4);
  });
});
