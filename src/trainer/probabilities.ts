/** Logits on the host: a handful of numbers an image, in double precision. */

export function softmax(logits: Float32Array): Float64Array {
  const highest = Math.max(...logits);
  const exponentials = Float64Array.from(logits, (logit) => Math.exp(logit - highest));
  const sum = exponentials.reduce((a, b) => a + b, 0);
  return exponentials.map((value) => value / sum);
}

/** Class numbers, the likeliest first; of equal ones the lower number. */
export function ranked(probabilities: Float64Array): number[] {
  return [...probabilities.keys()].sort((a, b) => probabilities[b]! - probabilities[a]! || a - b);
}

/** Smaller ones are denormal: zero to a processor that an engine has told to take them so, for this thread too. */
const LEAST_PROBABILITY = 2 ** -1022;

/** −ln p; of a probability that underflows a number beyond any worth telling apart, but none that is infinite. */
export function surpriseOf(probability: number): number {
  return -Math.log(Math.max(probability, LEAST_PROBABILITY));
}
