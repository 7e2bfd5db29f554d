/** A whole history in a few characters: `▇▅▄▃▃▂▁▁`. */

const BARS = '▁▂▃▄▅▆▇█';

/** Each value as a bar between the lowest and the highest of them. */
export function sparkline(values: readonly number[]): string {
  const low = Math.min(...values);
  const range = Math.max(...values) - low;
  return values
    .map((value) => BARS.charAt(range > 0 ? Math.round(((value - low) / range) * (BARS.length - 1)) : 0))
    .join('');
}

/**
 * A history of any length in at most `capacity` averages, each over the same number of values: when it is full, neighbours
 * are joined and every average stands for twice as many.
 */
export class History {
  readonly #capacity: number;
  #averages: number[] = [];
  #each = 1;
  #sum = 0;
  #count = 0;

  /** `capacity` is even. */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  add(value: number): void {
    this.#sum += value;
    if (++this.#count < this.#each) return;
    this.#averages.push(this.#sum / this.#count);
    this.#sum = this.#count = 0;
    if (this.#averages.length < this.#capacity) return;
    this.#averages = Array.from(
      { length: this.#capacity / 2 },
      (_, i) => (this.#averages[2 * i]! + this.#averages[2 * i + 1]!) / 2,
    );
    this.#each *= 2;
  }

  values(): readonly number[] {
    return this.#averages;
  }
}
