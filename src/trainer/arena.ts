/** What an engine and its process allocate for a step: more than its values are, by measured factors (docs/performance.md). */

/** Node with the trainer's code and ONNX Runtime, and what building the graphs leaves behind. */
export const PROCESS_BYTES = 123 * 2 ** 20;
/** A thread with an engine of its own: an isolate, its code, and the engine's session. */
export const ENGINE_THREAD_BYTES = 60 * 2 ** 20;
/**
 * Of each constant of each compiled graph. The engine has it packed for the forward and again for the backward pass, the host has the
 * file's weights, and those that took up a normalisation a second time.
 */
export const CONSTANT_COPIES = 2.15;
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

/** A process that runs one graph, without images and what is trained. */
export function stepBytes(graph: StepValues & { readonly constants: number }): number {
  return PROCESS_BYTES + CONSTANT_COPIES * graph.constants + arenaBytes(graph);
}
