/**
 * Smoothing of a curve: the exponential moving average, its start corrected for beginning at zero as Adam's is. `weight` is what the
 * value before keeps from one point to the next at the curve's mean distance; points that lie further apart, as those of a thinned
 * curve do, keep accordingly less. Values that are missing stay missing and are passed over.
 */
export function smooth(
  steps: readonly number[],
  values: readonly (number | null)[],
  weight: number,
): readonly (number | null)[] {
  if (weight <= 0 || values.length < 2) return values;
  const gap = (steps.at(-1)! - steps[0]!) / (steps.length - 1) || 1;
  let average = 0;
  let mass = 0;
  let last = steps[0]! - gap;
  return values.map((value, index) => {
    if (value === null) return null;
    const kept = Math.pow(weight, (steps[index]! - last) / gap);
    last = steps[index]!;
    average = kept * average + (1 - kept) * value;
    mass = kept * mass + (1 - kept);
    return mass === 0 ? value : average / mass;
  });
}
