/** The thread that decodes: for each ring it is sent, it delivers samples until none is left. Built to `dist/decode-worker.js`. */
import { setImmediate as turn } from 'node:timers/promises';
import { parentPort, workerData } from 'node:worker_threads';
import { InputError } from '../shared/errors.ts';
import { type BatchRing, claim, deliver } from './batch-ring.ts';
import { faultOf } from './faults.ts';
import { prepareSample, type Recipe } from './prepare-sample.ts';
import type { ResizedImages } from './resized-images.ts';
import { type SharedStrings, sharedString } from './shared-strings.ts';

export interface DecodeWorkerData {
  readonly paths: SharedStrings;
  readonly recipe: Recipe;
  readonly resized: ResizedImages | undefined;
}

const { paths, recipe, resized } = workerData as DecodeWorkerData;

/** Rings are worked off one after the other, in the order in which they came. */
let work = Promise.resolve();
parentPort!.on('message', (ring: BatchRing) => {
  work = work.then(() => decode(ring));
});

async function decode(ring: BatchRing): Promise<void> {
  for (let claimed = claim(ring); claimed !== undefined; claimed = claim(ring)) {
    if (deliver(ring, claimed, prepared(claimed.sample, ring.view))) parentPort!.postMessage('complete');
    // The decoder's buffers are freed by the event loop; a loop that never returns to it grows by each image.
    await turn();
  }
}

function prepared(sample: number, view: number): Uint8Array | string {
  const pathOf = (index: number): string => sharedString(paths, index);
  try {
    return prepareSample(pathOf, sample, view, recipe, resized);
  } catch (error) {
    if (error instanceof InputError) return faultOf(error, pathOf(sample)).message;
    throw error;
  }
}
