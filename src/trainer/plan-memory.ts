/**
 * The most memory that a trainer's process will hold, as the system counts it (resident set). The parts that can be counted are counted;
 * what a byte of each becomes in a process was measured (Linux, Node 20, ONNX Runtime 1.30) in 26 runs of ViTs, ResNet-18 and
 * MobileNetV3-small by all methods, which it tells within 10 % (docs/performance.md).
 */
import type { MemoryPlan } from '../shared/plan.ts';
import { MAX_MEMORY_BYTES } from './frozen-features.ts';
import { arenaBytes, CONSTANT_COPIES, ENGINE_THREAD_BYTES, PROCESS_BYTES } from './arena.ts';
import type { ImagePlan } from './plan-images.ts';
import type { RunWork } from './plan-work.ts';

/** A decoding thread: an isolate, its code and its buffers beside the image itself. */
const WORKER_BYTES = 45 * 2 ** 20;
/** A decoder holds the image twice: as it comes from its library and as RGB. */
const DECODED_COPIES = 2;
/** The value, how it started, its gradient, their sum and two moments; and for a while a copy for the checkpoint. */
const TRAINED_COPIES = 6.6;

/** What trained parameters take with all that their optimizer keeps of them. */
export function trainedBytes(parameters: number): number {
  return TRAINED_COPIES * parameters * Float32Array.BYTES_PER_ELEMENT;
}

/** Of what a detector's head puts out for a batch: itself, the loss's gradient by it, and what the engine hands back until it is collected. */
const RAW_COPIES = 4;

export interface MemoryOf {
  readonly work: RunWork;
  readonly images: ImagePlan;
  readonly trainableParameters: number;
  /** Bytes that a detector's head puts out for a batch; 0 of a classifier. */
  readonly rawBytes: number;
}

export function planMemory({ work, images, trainableParameters, rawBytes }: MemoryOf): MemoryPlan {
  const pipelines = [work.training, work.validation];
  const graphs = pipelines.flatMap(({ each, once }) => (once === null ? [each] : [each, once]));
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  // Larger ones lie in a file.
  const kept = pipelines.map(({ once }) => once?.keptBytes ?? 0).filter((bytes) => bytes <= MAX_MEMORY_BYTES);
  const workers = pipelines.length * images.workers;
  const engines = sum(pipelines.map(({ threads }) => threads));
  const parts = {
    process:
      PROCESS_BYTES + workers * (WORKER_BYTES + DECODED_COPIES * images.decodedBytes) + engines * ENGINE_THREAD_BYTES,
    weights: CONSTANT_COPIES * sum(graphs.map(({ constants }) => constants)),
    activations: sum(graphs.map(arenaBytes)) + RAW_COPIES * rawBytes,
    trained: trainedBytes(trainableParameters),
    images: images.bytes.training + images.bytes.validation + sum(kept),
  };
  return { total: Math.round(sum(Object.values(parts))), ...parts };
}
