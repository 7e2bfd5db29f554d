/** Epochs of batches, decoded ahead of their use, in an order that is the same on every machine; what a batch is made of is the caller's. */
import { availableParallelism } from 'node:os';
import type { Finding } from '../shared/dataset-report.ts';
import { InputError } from '../shared/errors.ts';
import { workerFile } from '../formats/worker-file.ts';
import {
  type BatchFiller,
  type DecodePool,
  type FilledBatch,
  inProcess,
  type Samples,
  threadPool,
} from './decode-pool.ts';
import { epochOrder } from './epoch-order.ts';
import { maxFaults } from './faults.ts';
import { ImageCache } from './image-cache.ts';
import type { Recipe } from './prepare-sample.ts';
import { createResized } from './resized-images.ts';

/** What every batch has. */
export interface Members {
  /** Within its epoch. */
  readonly index: number;
  /** Which variation of the images this is: the epoch, or one of `views`; 0 without augmentation. */
  readonly view: number;
  /** `[batch]`: 1, or 0 for padding at the end of an epoch and for images that could not be read. */
  readonly weights: Float32Array;
  /** `[batch]`: indices into the source's samples, −1 for padding. */
  readonly samples: Int32Array;
}

export interface SourceOptions {
  /** Images in a batch. */
  readonly batch: number;
  readonly seed: number;
  readonly shuffle: boolean;
  /** Decoding threads; 0 decodes on the caller's thread. By default one less than the processors. */
  readonly workers?: number;
  /** Images are kept in memory after the first epoch when they, all views included, fit this many bytes. */
  readonly cacheBytes?: number;
  /** Asked at the start of an epoch; where it says no, nothing is decoded and batches come without images. */
  readonly wantsImages?: (view: number) => boolean;
}

interface EpochOptions<B> extends SourceOptions {
  /** Of the samples. */
  readonly paths: readonly string[];
  readonly recipe: Recipe;
  /** What the recipe makes of a sample. */
  readonly sampleBytes: number;
  /** Variations of each image; null for new ones every epoch. */
  readonly views: number | null;
  /** Whether these are variations of the same resized image. */
  readonly variesResized?: boolean;
  /** `payload` is `[batch, sampleBytes]`, zero where the weight is; empty where no images are wanted. */
  readonly assemble: (members: Members, payload: Uint8Array) => B;
}

export interface EpochSource<B> {
  readonly batchesPerEpoch: number;
  /** The images that could not be read so far; their weight is 0. */
  readonly skipped: readonly Finding[];
  /**
   * The batches of an epoch from `fromBatch` on, one epoch at a time: asking for another ends the one before. Throws an
   * `InputError` when more images cannot be read than `maxFaults` puts up with.
   */
  batches(epoch: number, fromBatch?: number): AsyncGenerator<B, void, undefined>;
  /** Ends the decoding threads. */
  close(): Promise<void>;
}

/** A thread prepares some 150 photographs of 500 × 375 a second and takes some 40 MB. */
const MAX_WORKERS = 16;
/** About 3500 images of 224 × 224, or 43 000 of 64 × 64. */
export const CACHE_BYTES = 512 * 2 ** 20;

/** Decoding threads where the caller asks for no number of them. */
export function defaultWorkers(): number {
  return Math.min(Math.max(availableParallelism() - 1, 1), MAX_WORKERS);
}

export class DecodedEpochs<B> implements EpochSource<B> {
  readonly batchesPerEpoch: number;
  readonly #options: EpochOptions<B>;
  readonly #pool: DecodePool;
  readonly #cache: ImageCache | null;
  readonly #skipped = new Map<number, Finding>();
  #active: BatchFiller | undefined;
  /** The epoch that will probably be asked for next, decoded while the present one ends and is evaluated. */
  #ahead: { readonly key: string; readonly filler: BatchFiller } | undefined;

  constructor(options: EpochOptions<B>) {
    const { paths, recipe, views, batch, sampleBytes, workers, cacheBytes = CACHE_BYTES } = options;
    this.#options = options;
    this.batchesPerEpoch = Math.ceil(paths.length / batch);
    const fits = (versions: number): boolean => ImageCache.bytes(paths.length, versions, sampleBytes) <= cacheBytes;
    const keepsResized = options.variesResized === true && fits(1);
    const resized = keepsResized ? createResized(paths.length, sampleBytes) : undefined;
    this.#pool = openPool({ paths, recipe, resized }, workers ?? defaultWorkers());
    // New views every epoch are never seen again.
    this.#cache = views !== null && fits(views) ? new ImageCache(paths.length, views, sampleBytes) : null;
  }

  get skipped(): readonly Finding[] {
    return [...this.#skipped.values()];
  }

  async *batches(epoch: number, fromBatch = 0): AsyncGenerator<B, void, undefined> {
    const order = this.#order(epoch);
    const view = this.#view(epoch);
    const wanted = this.#options.wantsImages?.(view) ?? true;
    const cached = this.#cache?.holds(view) === true;
    const filler = cached || !wanted ? undefined : this.#fill(epoch, fromBatch);
    try {
      for (let index = fromBatch; index < this.batchesPerEpoch; index++) {
        const members = order.subarray(index * this.#options.batch, (index + 1) * this.#options.batch);
        if (!wanted) {
          yield this.#assemble(index, view, members, new Uint8Array(0));
        } else if (filler === undefined) {
          yield this.#assemble(index, view, members, this.#cache!.get(view, members, this.#options.batch));
        } else {
          const filled = await filler.next();
          this.#count(members, filled);
          this.#cache?.put(view, members, filled.images);
          yield this.#assemble(index, view, members, filled.images);
        }
      }
    } finally {
      filler?.stop();
    }
  }

  async close(): Promise<void> {
    await this.#pool.close();
  }

  /** Starts an epoch, or goes on with it where it was started ahead, and starts the one after it. */
  #fill(epoch: number, fromBatch: number): BatchFiller {
    this.#active?.stop();
    const ahead = this.#ahead;
    const expected = ahead?.key === this.#key(epoch, fromBatch);
    if (!expected) ahead?.filler.stop();
    this.#active = ahead !== undefined && expected ? ahead.filler : this.#start(epoch, fromBatch);
    this.#ahead = this.#isDecoded(epoch + 1, this.#view(epoch))
      ? undefined
      : { key: this.#key(epoch + 1, 0), filler: this.#start(epoch + 1, 0) };
    return this.#active;
  }

  /** Whether the cache will serve this epoch once it holds the present view. */
  #isDecoded(epoch: number, present: number): boolean {
    const view = this.#view(epoch);
    return this.#cache !== null && (view === present || this.#cache.holds(view));
  }

  #start(epoch: number, fromBatch: number): BatchFiller {
    const { batch } = this.#options;
    const order = this.#order(epoch).subarray(fromBatch * batch);
    return this.#pool.start({ order, view: this.#view(epoch), batch, imageBytes: this.#options.sampleBytes });
  }

  #order(epoch: number): Int32Array {
    const { paths, seed, shuffle } = this.#options;
    return epochOrder(paths.length, seed, epoch, shuffle);
  }

  #view(epoch: number): number {
    const { views } = this.#options;
    return views === null ? epoch : epoch % views;
  }

  /** Equal for epochs with equal batches. */
  #key(epoch: number, fromBatch: number): string {
    return [this.#options.shuffle ? epoch : 0, this.#view(epoch), fromBatch].join(' ');
  }

  #count(members: Int32Array, { faults }: FilledBatch): void {
    const { paths } = this.#options;
    for (const [place, message] of faults) {
      const sample = members[place]!;
      this.#skipped.set(sample, { file: paths[sample]!, message });
    }
    const limit = maxFaults(paths.length);
    if (this.#skipped.size <= limit) return;
    const [first] = this.#skipped.values();
    throw new InputError(
      `${first!.message}; more than ${limit} of ${paths.length} images cannot be read: check the dataset`,
      { file: first!.file },
    );
  }

  #assemble(index: number, view: number, members: Int32Array, payload: Uint8Array): B {
    const { batch, assemble } = this.#options;
    const weights = new Float32Array(batch);
    const samples = new Int32Array(batch).fill(-1);
    samples.set(members);
    for (const [place, sample] of members.entries()) weights[place] = this.#skipped.has(sample) ? 0 : 1;
    return assemble({ index, view, weights, samples }, payload);
  }
}

function openPool(samples: Samples, workers: number): DecodePool {
  const file = workers > 0 ? workerFile('decode-worker') : undefined;
  return file === undefined ? inProcess(samples) : threadPool(file, workers, samples);
}
