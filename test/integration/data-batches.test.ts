import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';
import { afterEach, describe, expect, it } from 'vitest';
import { type Batch, type BatchSource, type BatchSourceOptions, openBatchSource } from '../../src/data/batch-source.ts';
import { openDetectionBatches } from '../../src/data/detection/detection-batches.ts';
import { DEFAULT_DETECTION_AUGMENTATION } from '../../src/data/detection/prepare-detection.ts';
import { workerFile } from '../../src/formats/worker-file.ts';
import { InputError } from '../../src/shared/errors.ts';
import { augmentationSchema } from '../../src/shared/job.ts';
import { temporaryFolder } from '../unit/data/folders.ts';
import { AS_THEY_ARE, writePictures } from '../unit/data/pictures.ts';

const folder = temporaryFolder();
const sources: BatchSource[] = [];
let folders = 0;

function options(
  count: number,
  damaged: readonly number[] = [],
  more: Partial<BatchSourceOptions> = {},
): BatchSourceOptions {
  const path = join(folder.path, String(folders++));
  mkdirSync(path);
  const samples = writePictures(path, count, damaged);
  const augmentation = augmentationSchema.parse({ crop: {}, jitter: {} });
  return { samples, preprocessing: AS_THEY_ARE, augmentation, batch: 4, seed: 5, shuffle: true, workers: 2, ...more };
}

function open(given: BatchSourceOptions): BatchSource {
  const source = openBatchSource(given);
  sources.push(source);
  return source;
}

async function collect(batches: AsyncIterable<Batch>): Promise<Batch[]> {
  const all = [];
  for await (const batch of batches) all.push(batch);
  return all;
}

afterEach(async () => {
  await Promise.all(sources.splice(0).map((source) => source.close()));
});

describe('batches from worker threads', () => {
  it('runs the bundle in dist/', () => {
    expect(workerFile('decode-worker')).toMatch(/dist.decode-worker\.js$/);
  });

  it('of pictures with boxes are those of one thread, mosaics too', async () => {
    const { samples, ...given } = options(20, [3]);
    const boxes = { labels: Int32Array.of(1), corners: Float32Array.of(0.1, 0.2, 0.9, 0.8) };
    const read = async (workers: number) => {
      const augmentation = DEFAULT_DETECTION_AUGMENTATION;
      const detection = samples.map(({ path }) => ({ path, boxes }));
      const source = openDetectionBatches({
        samples: detection,
        side: 32,
        augmentation,
        epochs: 20,
        ...{ batch: given.batch, seed: given.seed, shuffle: true, workers },
      });
      const all = [];
      for await (const batch of source.batches(0)) all.push(batch);
      const { skipped } = source;
      await source.close();
      return { all, skipped };
    };
    const expected = await read(0);
    expect(expected.skipped).toHaveLength(1);
    expect(expected.all.some(({ counts }) => counts.some((count) => count > 1))).toBe(true);
    expect(await read(2)).toEqual(expected);
  });

  it('are those of one thread, whatever the number of workers, epoch for epoch', async () => {
    const given = options(50, [3, 20]);
    const alone = open({ ...given, workers: 0 });
    const expected = [await collect(alone.batches(0)), await collect(alone.batches(1))];
    for (const workers of [1, 2, 3]) {
      const source = open({ ...given, workers });
      expect([await collect(source.batches(0)), await collect(source.batches(1))]).toEqual(expected);
      // In the order in which they were met, which the batches decide and not the workers.
      expect(source.skipped).toEqual(alone.skipped);
    }
  });

  it('are decoded while the main thread is blocked', async () => {
    const given = options(16, [], { shuffle: false });
    const source = open(given);
    const batches = source.batches(0);
    await batches.next();
    // As an engine does for a step. Far longer than a dozen tiny images need.
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 3000);
    for (const { path } of given.samples) rmSync(path);
    const rest = await collect(batches);
    expect(rest.length).toBe(3);
    expect(source.skipped).toEqual([]);
  });

  it('continue with any epoch and batch after another was left early', async () => {
    const given = options(40);
    const alone = open({ ...given, workers: 0 });
    const source = open(given);
    for await (const { index } of source.batches(0)) if (index === 2) break;
    expect(await collect(source.batches(7, 4))).toEqual(await collect(alone.batches(7, 4)));
    const abandoned = source.batches(8);
    await abandoned.next();
    expect(await collect(source.batches(2))).toEqual(await collect(alone.batches(2)));
    await expect(collect(abandoned)).rejects.toThrow('stopped');
  });

  it('stop at the same number of unreadable images', async () => {
    const given = options(30, [1, 3, 5, 7, 9, 11]);
    await expect(collect(open(given).batches(0))).rejects.toThrow(InputError);
  });

  it('fail instead of hanging when the source is closed', async () => {
    const source = open(options(40));
    const batches = source.batches(0);
    await batches.next();
    await source.close();
    await expect(collect(batches)).rejects.toThrow('closed');
  });
});

describe('a process with decoding threads', () => {
  const bundle = join('test-results', 'data-batches', 'main.mjs');

  it('ends by itself though the source was not closed', async () => {
    const contents = `
      import { openBatchSource } from './src/data/batch-source.ts';
      const source = openBatchSource(JSON.parse(process.argv[2]));
      const { value } = await source.batches(0).next();
      console.log(value.samples.join(' '));
    `;
    await build({
      stdin: { contents, resolveDir: '.', loader: 'ts' },
      bundle: true,
      platform: 'node',
      format: 'esm',
      external: ['@napi-rs/image'],
      outfile: bundle,
    });
    const given = JSON.stringify(options(40, [], { shuffle: false }));
    const { status, stdout, stderr } = spawnSync(process.execPath, [bundle, given], { timeout: 60_000 });
    expect([status, stdout.toString(), stderr.toString()]).toEqual([0, '0 1 2 3\n', '']);
  });
});
