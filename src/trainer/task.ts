/** What training asks of a task: to classify images, or to find objects in them. Everything above this line is the same for both. */
import type { ProgramState, Tensors } from '../engines/engine.ts';
import type { Finding } from '../shared/dataset-report.ts';
import type { Random } from '../shared/random.ts';
import type { LossParts, RunEventOf, Score } from '../shared/run/events.ts';
import type { Samples } from '../shared/run/samples.ts';

/** The compiled graphs of a run with the images they are fed with. */
export interface Programs {
  readonly training: TrainingProgram;
  /** Scores the validation images; `values` are those of the trainable inputs. */
  validate(values: Tensors): Promise<Evaluation>;
  /** The same of the test images; null where there are none. */
  test(values: Tensors): Promise<Evaluation | null>;
  close(): Promise<void>;
}

export interface TrainingProgram {
  /** Of a step that updates what it trains. */
  readonly state?: ProgramState | undefined;
  readonly batchesPerEpoch: number;
  /** The images that could not be read so far. */
  readonly skipped: readonly Finding[];
  /** Of the batch that was run last, where its loss has parts. */
  readonly parts?: LossParts | undefined;
  /** One epoch at a time. */
  batches(epoch: number, fromBatch: number): AsyncGenerator<TrainingBatch, void, undefined>;
}

export interface TrainingBatch {
  /** Within its epoch. */
  readonly index: number;
  /** `[batch]`: 0 for padding and for images that could not be read. */
  readonly weights: Float32Array;
  /** `values` are what the optimizer feeds. Returns the loss; writes what else the optimizer needs into the tensors of `into`. */
  run(values: Tensors, options: StepRun): Promise<number>;
}

export interface StepRun {
  readonly into: Tensors;
  /** What noise is drawn from. */
  readonly random: Random;
}

export interface Evaluation extends Score {
  readonly loss: number;
  readonly parts?: LossParts;
  readonly images: number;
  readonly perClass: NonNullable<RunEventOf<'evaluation'>['perClass']>;
  readonly samples: Pick<Samples, 'samples' | 'detections' | 'quality'>;
}
