/**
 * Dynamic loss scaling (Micikevicius et al. 2018): gradients in half precision are computed times a power of two, so that small ones do not
 * vanish. One that overflows is infinite; its update is left out and the factor halved. After many that did not it is doubled.
 */
import * as z from 'zod';

export const lossScaleSchema = z.object({
  scale: z.number().positive(),
  /** Updates since the factor changed. */
  good: z.int().min(0),
  /** Updates left out so far. */
  skipped: z.int().min(0),
});
/** Plain data: a checkpoint keeps it. */
export type LossScale = z.infer<typeof lossScaleSchema>;

/** Where the first gradients of the sample and of ViTs do not overflow: PyTorch's 2¹⁶ would leave out the first updates. */
export const FIRST_LOSS_SCALE: LossScale = { scale: 2 ** 14, good: 0, skipped: 0 };
/** As PyTorch's GradScaler. */
const GROWTH_INTERVAL = 2000;
/** With it gradients of 2⁻⁸ overflow already: no model has smaller ones alone. */
const MAX_SCALE = 2 ** 24;
/** Below this it is not small gradients that are wanting: what overflows is the model itself. */
const MIN_SCALE = 1;

/** The state after an update whose gradients were all finite, or were not. */
export function observeGradients({ scale, good, skipped }: LossScale, finite: boolean): LossScale {
  if (!finite) return { scale: scale / 2, good: 0, skipped: skipped + 1 };
  if (good + 1 < GROWTH_INTERVAL) return { scale, good: good + 1, skipped };
  return { scale: Math.min(scale * 2, MAX_SCALE), good: 0, skipped };
}

/** Whether a smaller factor may still help against gradients that are not finite. */
export function canShrink({ scale }: LossScale): boolean {
  return scale / 2 >= MIN_SCALE;
}
