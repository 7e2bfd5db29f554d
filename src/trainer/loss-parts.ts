/** Means of a loss's parts: over the batches of an update, and over those of an evaluation, by how many images each has. */
import type { LossParts } from '../shared/run/events.ts';

/** Undefined where there are none. Null stands for what is no number, which its mean is neither. */
export function meanParts(
  parts: readonly LossParts[],
  weights: readonly number[] = parts.map(() => 1),
): LossParts | undefined {
  if (parts.length === 0) return undefined;
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const mean = (of: keyof LossParts): number =>
    parts.reduce((sum, each, index) => sum + (each[of] ?? NaN) * weights[index]!, 0) / total;
  return { box: mean('box'), cls: mean('cls'), dfl: mean('dfl') };
}
