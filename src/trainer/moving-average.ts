/**
 * An exponential moving average of the trained values: smoother than the values themselves, of which the last few updates' noise is
 * a part (Polyak and Juditsky 1992). After update t, counted from 1:
 *
 *   ē ← ē + (1 − d)(θ − ē),  d = min(decay, (1 + t) / (10 + t))
 *
 * The second term lets the average leave the first values behind, as `num_updates` of TensorFlow's ExponentialMovingAverage does. It
 * averages A and B of an adapter each, so rank, alpha and scale stay those of the adapter.
 */
export function updateAverage(
  average: readonly Float32Array[],
  values: readonly Float32Array[],
  { decay, step }: { readonly decay: number; readonly step: number },
): void {
  const share = 1 - Math.min(decay, (1 + step) / (10 + step));
  for (let p = 0; p < average.length; p++) {
    const [mean, value] = [average[p]!, values[p]!];
    for (let i = 0; i < mean.length; i++) mean[i]! += share * (value[i]! - mean[i]!);
  }
}
