/**
 * The most memory that a trainer's process will hold, as the system counts it (resident set). The parts that can be counted are counted;
 * what a byte of each becomes in a process was measured (Linux, Node 20, ONNX Runtime 1.30, 21 runs of ViTs and ResNet-18 by all methods:
 * docs/performance.md has the errors).
 */
import { MAX_MEMORY_BYTES } from './frozen-features.ts';
import type { ImagePlan } from './plan-images.ts';
import type { RunWork } from './plan-work.ts';

/** Bytes. */
export interface MemoryPlan {
  readonly total: number;
  /** Node, the engine's code, the graph while it is built, decoding threads. */
  readonly process: number;
  /** Frozen weights: the host's, folded ones, and those that the engine packed. */
  readonly weights: number;
  /** What a step computes and keeps for its backward pass. */
  readonly activations: number;
  /** Trained values with their gradients and moments. */
  readonly trained: number;
  /** Images decoded ahead, images kept, and kept features of images. */
  readonly images: number;
}

/** Node with the trainer's code and ONNX Runtime, and what building the graphs leaves behind. */
const PROCESS_BYTES = 136 * 2 ** 20;
/** A decoding thread: an isolate, its code and its buffers beside the image itself. */
const WORKER_BYTES = 45 * 2 ** 20;
/** A decoder holds the image twice: as it comes from its library and as RGB. */
const DECODED_COPIES = 2;
/**
 * Of each constant of each compiled graph. The engine has it packed for the forward and again for the backward pass, the host has the
 * file's weights, and those that took up a normalisation a second time.
 */
const CONSTANT_COPIES = 2.2;
/** The engine's arena: chunks that are free and fit nothing. */
export const ARENA_SLACK = 1.15;
/** The value, how it started, its gradient, their sum and two moments; and a copy while they go to a checkpoint. */
export const TRAINED_COPIES = 7;

export interface MemoryOf {
  readonly work: RunWork;
  readonly images: ImagePlan;
  readonly trainableParameters: number;
}

export function planMemory({ work, images, trainableParameters }: MemoryOf): MemoryPlan {
  const pipelines = [work.training, work.validation];
  const graphs = pipelines.flatMap(({ each, once }) => (once === null ? [each] : [each, once]));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  // Larger ones lie in a file.
  const kept = pipelines.map(({ once }) => once?.keptBytes ?? 0).filter((bytes) => bytes <= MAX_MEMORY_BYTES);
  const workers = pipelines.length * images.workers;
  const parts = {
    process: PROCESS_BYTES + workers * (WORKER_BYTES + DECODED_COPIES * images.decodedBytes),
    weights: CONSTANT_COPIES * sum(graphs.map(({ constants }) => constants)),
    activations: ARENA_SLACK * sum(graphs.map(({ activations }) => activations)),
    trained: TRAINED_COPIES * trainableParameters * Float32Array.BYTES_PER_ELEMENT,
    images: images.bytes.training + images.bytes.validation + sum(kept),
  };
  return { total: Math.round(sum(Object.values(parts))), ...parts };
}
