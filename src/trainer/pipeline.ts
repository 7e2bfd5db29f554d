/** A classifier's graph, compiled, with the images it runs over. */
import type { Batch, BatchSource } from '../data/batch-source.ts';
import type { Sample } from '../data/dataset.ts';
import type { ProgramState, Tensors } from '../engines/engine.ts';
import type { StepRun } from './task.ts';

/** A compiled graph with the split of the dataset it runs over. */
export interface Pipeline {
  readonly source: BatchSource;
  readonly samples: readonly Sample[];
  readonly state?: ProgramState | undefined;
  /** `values` are those of the trainable inputs; results go into the tensors of `into` where it names them. */
  run(batch: Batch, values: Tensors, training?: StepRun): Promise<Tensors>;
}
