import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Batch, type BatchSourceOptions, openBatchSource } from '../../../src/data/batch-source.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { augmentationSchema } from '../../../src/shared/job.ts';
import { temporaryFolder } from './folders.ts';
import { AS_THEY_ARE, SIDE, writePictures } from './pictures.ts';

const BYTES = SIDE * SIDE * 3;
const folder = temporaryFolder();
let folders = 0;

function options(
  count: number,
  damaged: readonly number[] = [],
  more: Partial<BatchSourceOptions> = {},
): BatchSourceOptions {
  const path = join(folder.path, String(folders++));
  mkdirSync(path);
  const samples = writePictures(path, count, damaged);
  return {
    samples,
    preprocessing: AS_THEY_ARE,
    augmentation: null,
    batch: 4,
    seed: 5,
    shuffle: true,
    workers: 0,
    ...more,
  };
}

async function collect(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const all = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

/** The sample that each image shows, by its first channel. */
const shown = ({ images }: Batch): number[] =>
  Array.from({ length: images.length / BYTES }, (_, i) => images[i * BYTES]!);

describe('openBatchSource', () => {
  it('gives every sample once an epoch, with its image and label', async () => {
    const source = openBatchSource(options(10));
    const batches = await collect(source.batches(0));
    expect(source.batchesPerEpoch).toBe(3);
    expect(batches.map(({ index }) => index)).toEqual([0, 1, 2]);
    const seen = batches.flatMap(({ samples, weights }) => [...samples].filter((_, i) => weights[i] === 1));
    expect(seen.toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
    for (const batch of batches) {
      for (const [i, sample] of batch.samples.entries()) {
        if (sample < 0) continue;
        expect([shown(batch)[i], batch.labels[i]]).toEqual([sample, sample % 3]);
      }
    }
  });

  it('pads the last batch with weight 0', async () => {
    const [, last] = await collect(openBatchSource(options(6, [], { shuffle: false })).batches(0));
    expect([...last!.samples]).toEqual([4, 5, -1, -1]);
    expect([...last!.weights]).toEqual([1, 1, 0, 0]);
    expect(last!.images.subarray(2 * BYTES).every((value) => value === 0)).toBe(true);
    expect(last!.images.length).toBe(4 * BYTES);
  });

  it('orders each epoch by seed and epoch alone', async () => {
    const given = options(40);
    const order = async (more: Partial<BatchSourceOptions>, epoch: number): Promise<number[]> =>
      (await collect(openBatchSource({ ...given, ...more }).batches(epoch))).flatMap(({ samples }) => [...samples]);
    const first = await order({}, 3);
    expect(await order({}, 3)).toEqual(first);
    expect(await order({}, 4)).not.toEqual(first);
    expect(await order({ seed: 6 }, 3)).not.toEqual(first);
    expect(await order({ shuffle: false }, 3)).toEqual(first.toSorted((a, b) => a - b));
  });

  it('continues at any batch as if never interrupted', async () => {
    const augmentation = augmentationSchema.parse({ crop: {}, jitter: {} });
    const given = options(18, [7], { augmentation });
    const whole = await collect(openBatchSource(given).batches(2));
    expect(await collect(openBatchSource(given).batches(2, 3))).toEqual(whole.slice(3));
  });

  it('draws new variations each epoch, or goes round a fixed number of views', async () => {
    const given = options(8, [], { shuffle: false, batch: 8 });
    const images = async (views: number | null, epoch: number): Promise<Uint8Array> => {
      const augmentation = augmentationSchema.parse({ flip: 0, jitter: {}, views });
      const [batch] = await collect(openBatchSource({ ...given, augmentation }).batches(epoch));
      return batch!.images;
    };
    expect(await images(null, 0)).not.toEqual(await images(null, 1));
    expect(await images(2, 0)).not.toEqual(await images(2, 1));
    expect(await images(2, 1)).toEqual(await images(2, 5));
  });

  it('skips and names images that cannot be read', async () => {
    const given = options(12, [2, 9], { shuffle: false });
    const source = openBatchSource(given);
    const batches = await collect(source.batches(0));
    const weights = batches.flatMap((batch) => [...batch.weights]);
    expect(weights).toEqual([1, 1, 0, 1, 1, 1, 1, 1, 1, 0, 1, 1]);
    expect(batches[0]!.images.subarray(2 * BYTES, 3 * BYTES).every((value) => value === 0)).toBe(true);
    const message = 'not a JPEG, PNG, WebP or BMP image';
    expect(source.skipped).toEqual([2, 9].map((i) => ({ file: given.samples[i]!.path, message })));
    await collect(source.batches(1));
    expect(source.skipped.length).toBe(2);
  });

  it('gives up when more than a handful cannot be read', async () => {
    const given = options(30, [1, 3, 5, 7, 9, 11]);
    await expect(collect(openBatchSource(given).batches(0))).rejects.toThrow(InputError);
    await expect(collect(openBatchSource(given).batches(0))).rejects.toThrow('more than 5 of 30 images cannot be read');
  });

  it('decodes once what fits the cache, and gives the same batches from it', async () => {
    const given = options(9, [4]);
    const source = openBatchSource(given);
    const uncached = openBatchSource({ ...given, cacheBytes: 9 * BYTES - 1 });
    await collect(source.batches(0));
    const expected = await collect(uncached.batches(1));
    rmSync(given.samples[0]!.path);
    expect(await collect(source.batches(1))).toEqual(expected);
    expect(source.skipped.length).toBe(1);
    await collect(uncached.batches(2));
    expect(uncached.skipped.length).toBe(2);
  });

  it('caches each of a fixed number of views', async () => {
    const augmentation = augmentationSchema.parse({ flip: 0, jitter: {}, views: 2 });
    const given = options(8, [], { augmentation, shuffle: false });
    const source = openBatchSource(given);
    const first = [await collect(source.batches(0)), await collect(source.batches(1))];
    rmSync(given.samples[0]!.path);
    expect([await collect(source.batches(2)), await collect(source.batches(3))]).toEqual(first);
  });

  it('decodes once what each epoch only mirrors and colours, and still draws each epoch anew', async () => {
    const augmentation = augmentationSchema.parse({ flip: 0.5, jitter: {} });
    const given = options(9, [4], { augmentation });
    const source = openBatchSource(given);
    await collect(source.batches(0));
    const expected = await collect(openBatchSource({ ...given, cacheBytes: 0 }).batches(1));
    rmSync(given.samples[0]!.path);
    expect(await collect(source.batches(1))).toEqual(expected);
    expect(source.skipped.length).toBe(1);
  });

  it('decodes each epoch what is cropped anew', async () => {
    const given = options(8, [], { augmentation: augmentationSchema.parse({ crop: {} }) });
    const source = openBatchSource(given);
    await collect(source.batches(0));
    rmSync(given.samples[0]!.path);
    await collect(source.batches(1));
    expect(source.skipped.length).toBe(1);
  });

  it('does not keep an epoch that was left early', async () => {
    const given = options(8);
    const source = openBatchSource(given);
    for await (const batch of source.batches(0)) if (batch.index === 0) break;
    const complete = await collect(source.batches(0));
    expect(complete.flatMap(shown).toSorted((a, b) => a - b)).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  });
});
