/**
 * What the frozen bottom of a model makes of each image, computed once and kept: below the lowest adapter nothing ever changes, so an
 * image seen again costs the layers above alone. Small sets stay in memory; larger ones lie in a file of fixed-size rows, which the
 * system's page cache keeps as near as memory allows.
 */
import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import type { Batch } from '../data/batch-source.ts';
import type { Program } from '../engines/engine.ts';
import { fileFault } from '../formats/file-faults.ts';
import { float32, sizeOf } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';
import { imageFeed } from './feeds.ts';
import { IMAGES } from './step.ts';

/** The name of the features, output of the bottom and input of the top. */
export const FEATURES = 'features';

/** Up to this the features are kept in memory. */
export const MAX_MEMORY_BYTES = 512 * 2 ** 20;

export interface FeatureOptions {
  readonly images: number;
  readonly views: number;
  /** Of one image's features. */
  readonly shape: readonly number[];
  readonly preprocessing: Preprocessing;
  /** Where a file may be put; it is gone when the features are closed. */
  readonly directory: string;
}

/** Opened so far: two splits may have as many images. */
let files = 0;

export class FrozenFeatures {
  readonly #bottom: Program;
  readonly #options: FeatureOptions;
  readonly #rows: Rows;
  readonly #known: Uint8Array;
  readonly #missing: number[];

  constructor(bottom: Program, options: FeatureOptions) {
    const { images, views, shape, directory } = options;
    const size = sizeOf(shape);
    this.#bottom = bottom;
    this.#options = options;
    const inMemory = images * views * size * Float32Array.BYTES_PER_ELEMENT <= MAX_MEMORY_BYTES;
    this.#rows = inMemory
      ? memoryRows(images * views, size)
      : fileRows(join(directory, `features-${files++}.bin`), size);
    this.#known = new Uint8Array(images * views);
    this.#missing = Array.from({ length: views }, () => images);
  }

  /** Whether every image of a view is known, so that none has to be decoded. */
  holds(view: number): boolean {
    return this.#missing[view] === 0;
  }

  /** [B, ...shape]; rows of padding are those of a black image, or of nothing. */
  async of(batch: Pick<Batch, 'images' | 'samples' | 'view' | 'weights'>): Promise<Tensor<'float32'>> {
    const { shape, images, preprocessing } = this.#options;
    const count = batch.samples.length;
    const rowOf = (index: number): number => batch.view * images + batch.samples[index]!;
    const present = [...batch.samples.keys()].filter((index) => batch.samples[index]! >= 0);
    if (present.every((index) => this.#known[rowOf(index)] === 1)) {
      const data = new Float32Array(count * sizeOf(shape));
      for (const index of present) this.#rows.read(rowOf(index), slot(data, index, count));
      return float32([count, ...shape], data);
    }
    const { [FEATURES]: computed } = await this.#bottom.run({ [IMAGES]: imageFeed(batch, preprocessing) });
    const data = computed!.data as Float32Array;
    for (const index of present) {
      // An unreadable image never counts; it is not asked for again.
      this.#rows.write(rowOf(index), slot(data, index, count));
      if (this.#known[rowOf(index)] === 0) this.#missing[batch.view]! -= 1;
      this.#known[rowOf(index)] = 1;
    }
    return float32([count, ...shape], data);
  }

  async close(): Promise<void> {
    this.#rows.close();
    await this.#bottom.release();
  }
}

function slot(data: Float32Array, index: number, count: number): Float32Array {
  const size = data.length / count;
  return data.subarray(index * size, (index + 1) * size);
}

/** Rows of equal length by number. */
interface Rows {
  read(row: number, into: Float32Array): void;
  write(row: number, data: Float32Array): void;
  close(): void;
}

function memoryRows(count: number, size: number): Rows {
  const all = new Float32Array(count * size);
  return {
    read: (row, into) => {
      into.set(all.subarray(row * size, (row + 1) * size));
    },
    write: (row, data) => {
      all.set(data, row * size);
    },
    close: () => undefined,
  };
}

function fileRows(path: string, size: number): Rows {
  const bytes = size * Float32Array.BYTES_PER_ELEMENT;
  const guarded = <T>(work: () => T): T => {
    try {
      return work();
    } catch (error) {
      throw fileFault(error, path);
    }
  };
  const file = guarded(() => openSync(path, 'w+'));
  return {
    read: (row, into) => {
      guarded(() => readSync(file, into, 0, bytes, row * bytes));
    },
    write: (row, data) => {
      guarded(() => writeSync(file, data, 0, bytes, row * bytes));
    },
    close: () => {
      closeSync(file);
      rmSync(path, { force: true });
    },
  };
}
