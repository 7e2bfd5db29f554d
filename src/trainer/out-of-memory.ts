/** A device that has too little memory for a batch: how engines say so, and the job that takes less at a time. */
import { InputError, messageOf } from '../shared/errors.ts';
import type { Job } from '../shared/job.ts';
import type { Checkpoint } from './checkpoint.ts';

/** Words of ONNX Runtime's arenas and of CUDA, of TensorFlow, of Dawn (WebGPU) and Direct3D. */
const MESSAGES = [
  /failed to allocate memory/i,
  /out of (device )?memory/i,
  /OUT_?OF_?(DEVICE_|HOST_)?MEMORY/,
  /CU(BLAS|DNN)_STATUS_ALLOC_FAILED/,
  // cuBLAS's own words for it, of a handle that found no room.
  /resource allocation failed/,
  /BFCArena/,
  /OOM when allocating/,
  /RESOURCE_EXHAUSTED/,
  /bad_alloc/,
];

export function isOutOfMemory(error: unknown): boolean {
  const message = messageOf(error);
  return MESSAGES.some((pattern) => pattern.test(message));
}

/** A step that did not fit, with what training had reached. */
export class DeviceFull extends Error {
  readonly checkpoint: Checkpoint;

  constructor(cause: unknown, checkpoint: Checkpoint) {
    super(messageOf(cause), { cause });
    this.name = 'DeviceFull';
    this.checkpoint = checkpoint;
  }
}

export interface SmallerBatches {
  readonly job: Job;
  /** Batches that one of the former has become. */
  readonly parts: number;
}

/** The same updates from smaller batches, whose gradients are accumulated. Throws an `InputError` where a batch is one image already. */
export function withSmallerBatches(job: Job): SmallerBatches {
  const { batch, accumulate } = job.training;
  if (batch === 1) {
    throw new InputError(
      'the device has too little memory for even one image at a time; choose a smaller base, or another engine',
      {
        field: 'engine',
      },
    );
  }
  // The smallest divisor: a group of whole batches must have the images of the former one.
  let parts = 2;
  while (batch % parts !== 0) parts++;
  return {
    job: { ...job, training: { ...job.training, batch: batch / parts, accumulate: accumulate * parts } },
    parts,
  };
}
