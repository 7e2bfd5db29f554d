/** From what batches and images cost to how long an epoch takes: what runs once, what runs each time, and who waits for whom. */
import { availableParallelism } from 'node:os';
import type { Job } from '../shared/job.ts';
import type { TimePlan } from '../shared/plan.ts';
import type { ImagePlan } from './plan-images.ts';
import type { PipelineWork, RunWork } from './plan-work.ts';
import { updatesPerEpoch } from './session.ts';

/** Seconds. */
/** Adding up, clipping and updating one parameter, in JavaScript on one thread. */
const PARAMETER_SECONDS = 8e-9;
/** A checkpoint and an adapter: a few files, each forced to the disk. */
const SAVE_SECONDS = 0.05;
/** Values, two moments and the best adapter, at what a slow disk writes. */
const SAVED_COPIES = 4;
const SAVE_BYTES_PER_SECOND = 200e6;

export interface TimeOf {
  readonly job: Job;
  readonly counts: { readonly train: number; readonly validation: number };
  readonly work: RunWork;
  readonly images: ImagePlan;
  readonly trainableParameters: number;
  /** Of the engine. */
  readonly threads: number;
}

export function planTime({ job, counts, work, images, trainableParameters, threads }: TimeOf): TimePlan {
  const { epochs, batch, evaluateEvery, checkpointEvery } = job.training;
  const updates = updatesPerEpoch(counts.train, job);
  const perUpdate = trainableParameters * PARAMETER_SECONDS;
  const pass = (count: number, { each, once }: PipelineWork, again: boolean, host: number) => {
    const batches = Math.ceil(count / batch);
    const time = (engine: number, decoded: boolean): number =>
      together(engine, decoded ? count * images.secondsPerImage : 0, threads, images.workers);
    return {
      fresh: time(batches * (each.seconds + (once?.seconds ?? 0)) + host, true),
      later: time(batches * each.seconds + host, again),
    };
  };
  const training = pass(counts.train, work.training, images.again.training, updates * perUpdate);
  const evaluation = pass(counts.validation, work.validation, images.again.validation, 0);
  const fresh = Math.min(images.decoding ?? epochs, epochs) / epochs;
  const parts = {
    training: fresh * training.fresh + (1 - fresh) * training.later,
    evaluation: (evaluateEvery === null ? 1 : updates / evaluateEvery) * evaluation.later,
    saving: (checkpointEvery === null ? 1 : updates / checkpointEvery) * savingSeconds(trainableParameters),
  };
  const epoch = parts.training + parts.evaluation + parts.saving;
  return {
    step: work.training.each.seconds + perUpdate / job.training.accumulate,
    epoch,
    ...parts,
    total: evaluation.fresh + epochs * epoch,
  };
}

/** The engine on its threads while others decode: whoever is slower sets the pace, and both share the processors. */
function together(engine: number, decoding: number, threads: number, workers: number): number {
  return Math.max(
    engine,
    decoding / workers,
    (engine * threads + decoding) / Math.max(availableParallelism(), threads),
  );
}

function savingSeconds(parameters: number): number {
  return SAVE_SECONDS + (SAVED_COPIES * parameters * Float32Array.BYTES_PER_ELEMENT) / SAVE_BYTES_PER_SECOND;
}
