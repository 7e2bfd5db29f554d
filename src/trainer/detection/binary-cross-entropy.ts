/**
 * Binary cross-entropy of logits against zeros, the bulk of a detector's class loss: millions of elements a batch, of which a few hundred
 * have another target and are corrected afterwards. softplus(x) = max(x, 0) + ln(1 + e^−|x|), its derivative σ(x).
 */

import { exponential } from './exponential.ts';

/** Products of so many factors between 1 and 2 stay far below the largest double: one logarithm for all of them. */
const FACTORS = 512;

/** Σ softplus(x) over a range; writes `scale` · σ(x) to the same range of `gradients`. */
export function againstZero(
  logits: Float32Array,
  gradients: Float32Array,
  range: { readonly from: number; readonly to: number },
  scale: number,
): number {
  let sum = 0;
  for (let start = range.from; start < range.to; start += FACTORS) {
    const end = Math.min(start + FACTORS, range.to);
    let product = 1;
    for (let i = start; i < end; i++) {
      const x = logits[i]!;
      const small = exponential(x < 0 ? x : -x);
      product *= 1 + small;
      if (x > 0) {
        sum += x;
        gradients[i] = scale / (1 + small);
      } else {
        gradients[i] = (scale * small) / (1 + small);
      }
    }
    sum += Math.log(product);
  }
  return sum;
}
