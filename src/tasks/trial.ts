/** A model and its base on trial: what the task `predict` asks of a classifier and of a detector alike. */
import type { PredictPart, PredictResult } from '../shared/protocol/results.ts';

/** An image that was looked at. */
export type Seen = Exclude<PredictPart, { kind: 'models' }>;

/** Base and adapter, ready to be tried on images. */
export interface Trial {
  readonly models: Pick<PredictResult, 'task' | 'labels' | 'baseLabels' | 'baseNote'>;
  /** Images that are looked at together. */
  readonly batch: number;
  look(files: readonly string[]): Promise<Seen[]>;
  close(): Promise<void>;
}
