/**
 * Images as they are after decoding and resizing, before they are varied, in memory that decoding threads share: where each epoch only mirrors
 * them and changes their colours, a file is decoded once, and each later epoch costs a copy.
 */
import type { Augmentation } from '../shared/job.ts';

/** Passes between threads. */
export interface ResizedImages {
  readonly imageBytes: number;
  /** `[samples, imageBytes]`. Pages that nothing was written to take no memory yet. */
  readonly pixels: Uint8Array<SharedArrayBuffer>;
  /** 1 where the image is there. Two threads that decode the same one write the same bytes. */
  readonly known: Int32Array<SharedArrayBuffer>;
}

/** Whether what is varied each epoch is the same image each time: crops are cut from the decoded one. */
export function variesResized({ crop, views }: Augmentation): boolean {
  return crop === null && views === null;
}

export function createResized(samples: number, imageBytes: number): ResizedImages {
  return {
    imageBytes,
    pixels: new Uint8Array(new SharedArrayBuffer(samples * imageBytes)),
    known: new Int32Array(new SharedArrayBuffer(samples * Int32Array.BYTES_PER_ELEMENT)),
  };
}

/** A copy of the image, which may be written to; made by `make` the first time. */
export function resizedImage(
  { imageBytes, pixels, known }: ResizedImages,
  sample: number,
  make: () => Uint8Array,
): Uint8Array {
  const start = sample * imageBytes;
  if (Atomics.load(known, sample) === 1) return new Uint8Array(pixels.subarray(start, start + imageBytes));
  const made = make();
  pixels.set(made, start);
  Atomics.store(known, sample, 1);
  return made;
}
