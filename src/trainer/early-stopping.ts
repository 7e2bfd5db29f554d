/** Which evaluation was the best, and whether to wait for a better one. */
import * as z from 'zod';
import { type Score, scoreSchema } from '../shared/run/events.ts';
import { metricOf } from '../shared/run/metric.ts';

export const earlyStoppingSchema = z.object({
  best: z.object({ step: z.int().min(0), ...scoreSchema.shape }).nullable(),
  evaluationsSinceBest: z.int().min(0),
});
/** Plain data: a checkpoint keeps it. */
export type EarlyStoppingState = z.infer<typeof earlyStoppingSchema>;

export const NO_EVALUATION: EarlyStoppingState = { best: null, evaluationsSinceBest: 0 };

export interface Evaluated {
  readonly state: EarlyStoppingState;
  /** Whether this evaluation is the best so far. */
  readonly improved: boolean;
  /** Whether `patience` evaluations have passed without a better one. */
  readonly stop: boolean;
}

/** One evaluation further. `patience` null never stops. */
export function observeEvaluation(
  { best, evaluationsSinceBest }: EarlyStoppingState,
  evaluated: Score & { readonly step: number },
  patience: number | null,
): Evaluated {
  const { step, loss, accuracy, detection } = evaluated;
  const score = { step, loss, accuracy, ...(detection && { detection }) };
  if (best === null || isBetter(score, best)) {
    return { state: { best: score, evaluationsSinceBest: 0 }, improved: true, stop: false };
  }
  const state = { best, evaluationsSinceBest: evaluationsSinceBest + 1 };
  return { state, improved: false, stop: patience !== null && state.evaluationsSinceBest >= patience };
}

/** By the metric where both have one; equal ones, common on small validation sets, by loss. A loss of null is none. */
export function isBetter(a: Score, b: Score): boolean {
  const [first, second] = [metricOf(a).value, metricOf(b).value];
  if (first !== null && second !== null && first !== second) return first > second;
  return (a.loss ?? Infinity) < (b.loss ?? Infinity);
}
