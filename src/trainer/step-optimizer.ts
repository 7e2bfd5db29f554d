/** Who updates what is trained: the host, with gradients that a step hands it (host-optimizer.ts), or the step itself (resident-optimizer.ts). */
import type { Tensors } from '../engines/engine.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { ParameterGroup } from './parameter-groups.ts';

/** A trained tensor, its first value or that of a checkpoint, and how it is to be treated. */
export interface TrainedTensor {
  readonly name: string;
  readonly value: Tensor<'float32'>;
  readonly group: ParameterGroup;
}

/** What follows a batch. */
export interface Turn {
  /** An update of the optimizer, not only gradients added to a group's. */
  readonly updates: boolean;
  readonly learningRate: number;
  /** The norm to which gradients are clipped; 0 for none. */
  readonly clip: number;
}

/** Where a step stands that is about to run. */
export interface Position {
  /** Updates done. */
  readonly step: number;
  /** What the loss is multiplied by. */
  readonly lossScale: number;
}

export interface StepOptimizer {
  /** By the names of the trained inputs. Of a resident one: as they were at the last `fetch`. */
  readonly values: Readonly<Record<string, Tensor<'float32'>>>;
  /** What a step writes for it, by the names of the step's outputs. */
  readonly results: Readonly<Record<string, Tensor<'float32'>>>;
  /** Before the first step. */
  begin(): Promise<void>;
  /** What a step is fed beside its batch. */
  feeds(turn: Turn, position: Position): Tensors;
  /** Counts the batch that has run into the group that makes an update. */
  accumulate(): void;
  /** Norm of the mean gradient of the group so far; NaN or infinite where a gradient is. */
  norm(position: Position): number;
  /** Ends the group: by an update with the mean gradient times `factor`, or without one. */
  end(update: { readonly learningRate: number; readonly factor: number; readonly position: Position } | null): void;
  /** Brings `values` and `averages` on the host up to date. */
  fetch(): Promise<void>;
  /** The engine is lost: what the host has is all there is. */
  abandon(): void;
  /** The optimizer's own tensors, as a checkpoint keeps them; arrays are shared. */
  averages(): ReadonlyMap<string, Tensor>;
}
