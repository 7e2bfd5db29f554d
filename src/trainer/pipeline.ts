/** A classifier's graph, compiled, with the images it runs over. */
import type { Batch, BatchSource } from '../data/batch-source.ts';
import type { Finding } from '../shared/dataset-report.ts';
import type { Sample } from '../data/dataset.ts';
import type { ProgramState, Tensors } from '../engines/engine.ts';
import type { StepRun } from './task.ts';

export interface MadeBatch {
  readonly batch: Batch;
  readonly skipped: readonly Finding[];
}

/** A compiled graph with the split of the dataset it runs over. */
export interface Pipeline {
  readonly source: BatchSource;
  /** The batches of an epoch, each with what images could not be read until then; made ahead where the engine leaves time to. */
  batches(epoch: number, fromBatch?: number): AsyncGenerator<MadeBatch, void, undefined>;
  readonly samples: readonly Sample[];
  readonly state?: ProgramState | undefined;
  /** `values` are those of the trainable inputs; results go into the tensors of `into` where it names them. */
  run(batch: Batch, values: Tensors, training?: StepRun): Promise<Tensors>;
}
