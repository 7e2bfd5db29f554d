/**
 * What a job starts from that says nothing, where that depends on what is learnt: the schema's defaults (job.ts) are those for classes, and
 * these, found by the trials of docs/results.md, those for boxes. A job of a run holds every field, so it never depends on this table.
 */
import { isValues, type JobValues } from './draft.ts';

export type JobTask = 'classification' | 'detection';

const DEFAULTS: Readonly<Record<JobTask, JobValues>> = {
  classification: {},
  detection: { training: { epochs: 30, learningRate: 1e-2 } },
};

/**
 * By how much LoRA's best rate is above that of training everything: for classes about ten (Schulman et al. 2025, "LoRA Without Regret"), for
 * boxes two in our trials.
 */
export const RATE_OVER_FULL: Readonly<Record<JobTask, number>> = { classification: 10, detection: 2 };

/** What a base is for, as far as its name tells: checkpoints of YOLO are detectors, and so is one of those that come with Lowrank. */
export function taskOfBase(base: unknown): JobTask | null {
  if (typeof base !== 'string') return null;
  if (base.endsWith('.pt') || base === SAMPLE_DETECTOR) return 'detection';
  return null;
}

/** The base that comes with Lowrank for images with boxes. */
export const SAMPLE_DETECTOR = 'sample-detector';

/** The values with what the task takes where they say nothing; objects alone are looked into. */
export function withTaskDefaults(values: JobValues, task: JobTask | null = taskOfBase(values['base'])): JobValues {
  return task === null ? values : filledUp(values, DEFAULTS[task]);
}

function filledUp(values: JobValues, defaults: JobValues): JobValues {
  const filled: Record<string, unknown> = { ...values };
  for (const [key, usual] of Object.entries(defaults)) {
    const given = filled[key];
    if (given === undefined) filled[key] = usual;
    else if (isValues(given) && isValues(usual)) filled[key] = filledUp(given, usual);
  }
  return filled;
}
