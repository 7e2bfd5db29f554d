/** Tells when training has gone astray, before hours are spent on it, and what to change. */
import * as z from 'zod';

export const divergenceSchema = z.object({
  observed: z.int().min(0),
  /** Exponential average of the loss, not yet divided by 1 − MEMORYⁿ. */
  average: z.number(),
  /** The first loss: what the untouched model makes of a batch. */
  first: z.number().nullable(),
  lowest: z.number().nullable(),
  /** Steps in a row above the limit. */
  above: z.int().min(0),
});
/** Plain data: a checkpoint keeps it. */
export type DivergenceState = z.infer<typeof divergenceSchema>;

export const NOTHING_OBSERVED: DivergenceState = { observed: 0, average: 0, first: null, lowest: null, above: 0 };

/** Average over about ten steps: one hard batch is no divergence. */
const MEMORY = 0.9;
/** How far above its lowest the average may rise… */
const RISE = 3;
/** …and for how many steps in a row. */
const PATIENCE = 20;

export interface Divergence {
  readonly what: 'loss-not-finite' | 'gradient-not-finite' | 'loss-rising';
  /** What happened and what to change, in one line. */
  readonly message: string;
  /** Null where another rate would change nothing. */
  readonly suggestedLearningRate: number | null;
}

export interface ObservedStep {
  readonly step: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** The peak rate of the job, which is what can be changed. */
  readonly peakLearningRate: number;
}

/**
 * One step further. A loss counts as diverged that stays above three times its lowest average and also above the first loss:
 * a low loss may triple by noise alone, but to be worse than the untouched model for long is never right.
 */
export function observeStep(
  state: DivergenceState,
  observed: ObservedStep,
): { readonly state: DivergenceState; readonly divergence: Divergence | null } {
  const { loss, gradientNorm } = observed;
  if (!Number.isFinite(loss)) return { state, divergence: diverged('loss-not-finite', observed, 10) };
  if (!Number.isFinite(gradientNorm)) return { state, divergence: diverged('gradient-not-finite', observed, 10) };
  const count = state.observed + 1;
  const average = MEMORY * state.average + (1 - MEMORY) * loss;
  const level = average / (1 - MEMORY ** count);
  const first = state.first ?? loss;
  const lowest = Math.min(state.lowest ?? level, level);
  const above = level > RISE * lowest && level > first ? state.above + 1 : 0;
  return {
    state: { observed: count, average, first, lowest, above },
    divergence: above >= PATIENCE ? diverged('loss-rising', observed, 3) : null,
  };
}

function diverged(what: Divergence['what'], observed: ObservedStep, by: number): Divergence {
  const { step, loss, peakLearningRate } = observed;
  if (step <= 1) return brokenFromTheFirst(what);
  const suggestedLearningRate = Number((peakLearningRate / by).toPrecision(1));
  const happened = {
    'loss-not-finite': `the loss is not a number any more at step ${step}`,
    'gradient-not-finite': `the gradients are not numbers any more at step ${step}`,
    'loss-rising': `the loss has risen to ${loss.toPrecision(3)} and stays above where it began (step ${step})`,
  }[what];
  const advice = `lower training.learningRate from ${peakLearningRate} to ${suggestedLearningRate}, or lengthen training.warmup`;
  return { what, message: `${happened}; ${advice}`, suggestedLearningRate };
}

/** Nothing was updated yet, so no learning rate is at fault. */
function brokenFromTheFirst(what: Divergence['what']): Divergence {
  const which = what === 'loss-not-finite' ? 'the loss is not a number' : 'the gradients are not numbers';
  const message =
    `${which} at the first step, before anything was trained: on these images the base itself gives numbers that are too large or none; ` +
    'take a base that was trained (random or damaged weights do this), set precision to fp32 if it is another, and check preprocessing';
  return { what, message, suggestedLearningRate: null };
}
