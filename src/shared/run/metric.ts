/** The one number that says how good a run is: accuracy of a classifier, mean average precision of a detector. */
import type { Score } from './events.ts';

export type MetricName = 'accuracy' | 'mAP50-95';

export interface Metric {
  readonly name: MetricName;
  /** 0…1; null where nothing was measured. */
  readonly value: number | null;
}

export function metricOf(score: Omit<Score, 'loss'> | null | undefined): Metric {
  if (!score) return { name: 'accuracy', value: null };
  const { accuracy, detection } = score;
  return detection === undefined ? { name: 'accuracy', value: accuracy } : { name: 'mAP50-95', value: detection.map };
}
