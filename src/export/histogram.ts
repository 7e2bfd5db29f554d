/**
 * How often values occur, in bins of equal width around zero whose width doubles whenever a value lies beyond them: one pass over numbers
 * of unknown size, in fixed memory.
 */
import { InputError } from '../shared/errors.ts';
import type { Range } from '../graph/passes/quantise.ts';

/** On each side of zero. After doubling at least half of them are in use: 1/1024 of the range, a quarter of a step of 8 bits. */
const BINS = 2048;
const FIRST_WIDTH = 2 ** -20;

export class Histogram {
  #counts = new Float64Array(2 * BINS);
  #width = FIRST_WIDTH;
  #total = 0;
  #low = 0;
  #high = 0;

  add(values: Float32Array): void {
    let [low, high] = [this.#low, this.#high];
    for (const value of values) {
      if (value < low) low = value;
      else if (value > high) high = value;
    }
    if (!Number.isFinite(low) || !Number.isFinite(high))
      throw new InputError('an activation of the merged model is infinite; the adapter has diverged');
    [this.#low, this.#high] = [low, high];
    while (Math.max(-low, high) >= this.#width * BINS) this.#double();
    const scale = 1 / this.#width;
    // floor, which `| 0` is for what is positive.
    for (const value of values) this.#counts[(value * scale + BINS) | 0]! += 1;
    this.#total += values.length;
  }

  /** From zero or below to zero or above, without the outermost `clipped` share of the values at either end. */
  range(clipped: number): Range {
    if (clipped === 0) return { low: this.#low, high: this.#high };
    const left = clipped * this.#total;
    const cut = (order: 1 | -1): number => {
      const first = order === 1 ? 0 : 2 * BINS - 1;
      let sum = 0;
      for (let bin = first; bin >= 0 && bin < 2 * BINS; bin += order) {
        sum += this.#counts[bin]!;
        // The outer edge of the first bin that is not left out.
        if (sum > left) return (bin - BINS + (order === 1 ? 0 : 1)) * this.#width;
      }
      return 0;
    };
    return { low: Math.max(this.#low, Math.min(cut(1), 0)), high: Math.min(this.#high, Math.max(cut(-1), 0)) };
  }

  #double(): void {
    const merged = new Float64Array(2 * BINS);
    for (let bin = 0; bin < 2 * BINS; bin++) merged[BINS / 2 + (bin >> 1)]! += this.#counts[bin]!;
    this.#counts = merged;
    this.#width *= 2;
  }
}
