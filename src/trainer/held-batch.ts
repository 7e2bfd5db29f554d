/** What of a batch lies in memory at once while a step runs: all of it, or the pieces that threads work on. */
import type { Engine } from '../engines/engine.ts';
import { physicalCores } from '../engines/threads.ts';
import type { Base } from '../models/base.ts';
import type { Job } from '../shared/job.ts';
import { inputSize } from '../shared/preprocessing.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';
import { piecesOf, runsInPieces } from './detection/pieces.ts';
import type { Precision } from './precision.ts';

export interface HeldBatch {
  /** That one copy of the step's graph runs at once. */
  readonly images: number;
  /** Of the graph, each with an engine that holds its constants and activations. */
  readonly copies: number;
  /** Threads that such engines have for themselves. */
  readonly threads: number;
}

interface HeldOf {
  readonly job: Job;
  readonly base: Base;
  readonly preprocessing: Preprocessing;
  readonly engine: Engine;
  readonly precision: Precision;
}

/** `threads` are those of the job where they are not given. */
export function heldBatch(
  { job, base, preprocessing, engine, precision }: HeldOf,
  threads = threadsOf(job),
): HeldBatch {
  const { batch } = job.training;
  if (base.detection === undefined || !runsInPieces(engine, precision)) return { images: batch, copies: 1, threads: 0 };
  const { images, workers, file } = piecesOf({ engine, threads, batch, size: inputSize(preprocessing) });
  return { images, copies: workers, threads: file === undefined ? 0 : workers };
}

function threadsOf({ threads }: Job): number {
  return threads ?? physicalCores();
}
