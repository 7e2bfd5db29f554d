/** What happens to gradients between the engine and the optimizer: their norm, clipping, accumulation. */

/** √Σg² over all gradients together, times `scale`; summed in double precision. NaN or infinite where a gradient is. */
export function globalNorm(gradients: readonly Float32Array[], scale = 1): number {
  let sum = 0;
  for (const gradient of gradients) {
    // By index: V8 walks a typed array four times as slowly by for-of.
    const { length } = gradient;
    for (let i = 0; i < length; i++) sum += gradient[i]! * gradient[i]!;
  }
  return Math.sqrt(sum) * scale;
}

/** The factor that brings a norm down to `limit`, as PyTorch's `clip_grad_norm_`; 1 where it is below, or `limit` is 0. */
export function clipFactor(norm: number, limit: number): number {
  return limit === 0 ? 1 : Math.min(1, limit / (norm + 1e-6));
}

/** Adds the gradients of one more batch into `sums`. */
export function accumulate(sums: readonly Float32Array[], gradients: readonly Float32Array[]): void {
  for (let p = 0; p < sums.length; p++) {
    const sum = sums[p]!;
    const gradient = gradients[p]!;
    for (let i = 0; i < sum.length; i++) sum[i]! += gradient[i]!;
  }
}
