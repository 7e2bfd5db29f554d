/** Fills the batches of an epoch: on worker threads that run ahead, or, without any, on this one when a batch is asked for. */
import { setImmediate as turn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { InputError } from '../shared/errors.ts';
import { type BatchRing, createRing, isComplete, type RingOptions, stop, take } from './batch-ring.ts';
import type { DecodeWorkerData } from './decode-worker.ts';
import { faultOf } from './faults.ts';
import { prepareSample, type Recipe } from './prepare-sample.ts';
import type { ResizedImages } from './resized-images.ts';
import { shareStrings } from './shared-strings.ts';

export interface FilledBatch {
  /** `[batch, height, width, 3]`, zero where there is no image. */
  readonly images: Uint8Array;
  /** Why an image could not be read, by its place in the batch. */
  readonly faults: ReadonlyMap<number, string>;
}

/** The batches of one epoch, in order. */
export interface BatchFiller {
  next(): Promise<FilledBatch>;
  /** Ends the work on this epoch; a `next` that waits is rejected. */
  stop(): void;
}

export interface DecodePool {
  /** Epochs are worked off in the order in which they are started. */
  start(epoch: RingOptions): BatchFiller;
  close(): Promise<void>;
}

/** Which samples there are, and what becomes of them. */
export interface Samples {
  readonly paths: readonly string[];
  readonly recipe: Recipe;
  readonly resized: ResizedImages | undefined;
}

/** Decodes `workers` samples at a time in threads running `file`. They are started by the first epoch. */
export function threadPool(file: string, workers: number, { paths, recipe, resized }: Samples): DecodePool {
  let threads: Worker[] = [];
  let failure: Error | undefined;
  let wake: () => void = () => undefined;

  const fail = (error: Error): void => {
    failure ??= error;
    wake();
  };
  const launch = (): void => {
    const workerData: DecodeWorkerData = { paths: shareStrings(paths), recipe, resized };
    threads = Array.from({ length: workers }, () => {
      const thread = new Worker(file, { workerData, execArgv: [] });
      thread.on('message', () => {
        wake();
      });
      thread.on('error', fail);
      thread.on('exit', () => {
        fail(new Error('a decoding worker ended'));
      });
      return thread;
    });
  };
  /** Idle workers must not keep the process alive; those waited for must. */
  const message = async (): Promise<void> => {
    for (const thread of threads) thread.ref();
    await new Promise<void>((resolve) => (wake = resolve));
    for (const thread of threads) thread.unref();
  };

  return {
    start(epoch) {
      if (threads.length === 0) launch();
      const ring: BatchRing = createRing(epoch);
      for (const thread of threads) {
        thread.postMessage(ring);
        thread.unref();
      }
      const batches = Math.ceil(epoch.order.length / epoch.batch);
      let batch = 0;
      let stopped = false;
      let ready: FilledBatch | undefined;
      // Copied out while an engine in a thread of its own works on the batch before.
      const takeAhead = (): void => {
        const isThere = batch < batches && isComplete(ring, batch) && failure === undefined && !stopped;
        if (ready === undefined && isThere) ready = take(ring, batch++);
      };
      const nextOf = async (): Promise<FilledBatch> => {
        while (!isComplete(ring, batch) && failure === undefined && !stopped) await message();
        if (failure !== undefined) throw failure;
        if (stopped) throw new Error('these batches were stopped');
        return take(ring, batch++);
      };
      return {
        async next() {
          const next = ready ?? (await nextOf());
          ready = undefined;
          setImmediate(takeAhead);
          return next;
        },
        stop() {
          stopped = true;
          ready = undefined;
          stop(ring);
          wake();
        },
      };
    },
    async close() {
      failure ??= new Error('the batches were closed');
      wake();
      await Promise.all(threads.map((thread) => thread.terminate()));
    },
  };
}

/** The same without threads: nothing is decoded before it is asked for. */
export function inProcess({ paths, recipe, resized }: Samples): DecodePool {
  return {
    start({ order, view, batch, imageBytes }) {
      let start = 0;
      let stopped = false;
      return {
        async next() {
          const images = new Uint8Array(batch * imageBytes);
          const faults = new Map<number, string>();
          for (const [place, sample] of order.subarray(start, start + batch).entries()) {
            // As in the worker: lets the decoder's buffers be freed.
            await turn();
            if (stopped) throw new Error('these batches were stopped');
            try {
              images.set(
                prepareSample((index) => paths[index]!, sample, view, recipe, resized),
                place * imageBytes,
              );
            } catch (error) {
              if (!(error instanceof InputError)) throw error;
              faults.set(place, faultOf(error, paths[sample]!).message);
            }
          }
          start += batch;
          return { images, faults };
        },
        stop() {
          stopped = true;
        },
      };
    },
    close: () => Promise.resolve(),
  };
}
