/** What an engine allocates for the values of a step: more than they are, by measured factors (docs/performance.md). */

/** Chunks that are free and fit nothing. */
const ARENA_SLACK = 1.14;
/** More of it where convolutions work: their values come in many sizes, and in two layouts. */
const CONVOLUTION_SLACK = 0.3;

export interface StepValues {
  /** Bytes that are alive at once. */
  readonly activations: number;
  /** The share of all operations that convolutions do. */
  readonly convolutions: number;
}

export function arenaBytes({ activations, convolutions }: StepValues): number {
  return activations * (ARENA_SLACK + CONVOLUTION_SLACK * convolutions);
}
