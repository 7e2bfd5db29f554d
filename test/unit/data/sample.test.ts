import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkDataset } from '../../../src/data/check-dataset.ts';
import { decodeImage } from '../../../src/data/decode-image.ts';
import { openDataset } from '../../../src/data/open-dataset.ts';
import { writeSample } from '../../../src/data/sample.ts';
import { drawImage, SAMPLE_SIDE } from '../../../src/data/sample-image.ts';
import { SAMPLE_CLASSES, type SampleClass, SHAPES } from '../../../src/data/sample-shapes.ts';
import { Random } from '../../../src/shared/random.ts';
import { temporaryFolder, writeFiles } from './folders.ts';

const folder = temporaryFolder();

describe('writeSample', () => {
  it('writes a dataset that is ready, its classes in the order of the labels', async () => {
    const path = join(folder.path, 'ready');
    await writeSample(path, { train: 6, validation: 2 });
    const report = await checkDataset(path, { deep: true });
    expect(report).toMatchObject({ ready: true, warnings: [], splitSource: 'folders' });
    expect(report.counts).toEqual({ train: 48, validation: 16, test: 0 });
    expect(report.images).toMatchObject({ formats: { png: 64 }, width: { least: 64, most: 64 }, duplicates: [] });
    expect((await openDataset(path, { seed: 0, validationShare: 0.2 })).classes).toEqual(SAMPLE_CLASSES);
  });

  it('writes what drawImage draws, again and again from the same seed', async () => {
    const [first, again, other] = ['first', 'again', 'other'].map((name) => join(folder.path, name)) as [
      string,
      string,
      string,
    ];
    await writeSample(first, { train: 1, validation: 1, seed: 4 });
    await writeSample(again, { train: 2, validation: 1, seed: 4 });
    await writeSample(other, { train: 1, validation: 1, seed: 5 });
    const bytes = (path: string, file: string): Buffer => readFileSync(join(path, file));
    for (const file of ['train/star/000.png', 'val/ring/000.png']) {
      expect(bytes(again, file)).toEqual(bytes(first, file));
      expect(bytes(other, file)).not.toEqual(bytes(first, file));
    }
    const random = new Random(4).fork('shifted').fork('train').fork('star').fork(0);
    const { data } = await decodeImage(join(first, 'train/star/000.png'));
    expect(new Uint8Array(data)).toEqual(drawImage('shifted', 'star', random));
  });

  it('refuses a folder that holds anything', async () => {
    const path = writeFiles(join(folder.path, 'mine'), ['precious.txt']);
    await expect(writeSample(path)).rejects.toThrow(`${path}: the folder is not empty; choose a new one`);
    expect(readFileSync(join(path, 'precious.txt'))).toHaveLength(1);
  });
});

describe('the shapes', () => {
  /** Counted on a grid of 400 × 400 points; an outline of length 8 crosses some 1600 of its cells, each wrong by half at most. */
  const area = (name: SampleClass): number => {
    let inside = 0;
    for (let row = 0; row < 400; row++) {
      for (let column = 0; column < 400; column++) {
        if (SHAPES[name]((column + 0.5) / 160 - 1.25, (row + 0.5) / 160 - 1.25) < 0) inside++;
      }
    }
    return inside / 160 ** 2;
  };

  it.each<[SampleClass, number]>([
    ['arrow', 1 * 0.44 + (0.9 * 1.4) / 2],
    ['circle', Math.PI * 0.8 ** 2],
    ['cross', 2 * (0.6 * 1.8) - 0.6 ** 2],
    ['ring', Math.PI * (0.88 ** 2 - 0.48 ** 2)],
    ['square', 2 * 0.98 ** 2],
    ['star', 5 * 0.42 * Math.sin(Math.PI / 5)],
    ['triangle', ((3 * Math.sqrt(3)) / 4) * 0.98 ** 2],
  ])('%s has its area', (name, expected) => {
    expect(Math.abs(area(name) - expected)).toBeLessThan(0.03);
  });

  it('crescent is a disc less its shadow', () => {
    expect(area('crescent')).toBeLessThan(Math.PI * 0.85 ** 2 * 0.6);
    expect([SHAPES.crescent(-0.7, 0) < 0, SHAPES.crescent(0.4, 0) > 0]).toEqual([true, true]);
  });
});

describe('drawImage', () => {
  it.each(SAMPLE_CLASSES)('draws a dark %s on light ground in the clean domain', (name) => {
    for (let i = 0; i < 10; i++) {
      const pixels = drawImage('clean', name, new Random(i));
      const dark = pixels.filter((value) => value < 140).length / pixels.length;
      expect(pixels.length).toBe(SAMPLE_SIDE * SAMPLE_SIDE * 3);
      // Between the thinnest crescent and the largest disc, in shares of the image.
      expect([dark > 0.03, dark < 0.35]).toEqual([true, true]);
    }
  });

  it('shifts colours and contrast: half of the shapes are lighter than their ground', () => {
    const brightness = SAMPLE_CLASSES.flatMap((name) =>
      Array.from({ length: 12 }, (_, i) => {
        const pixels = drawImage('shifted', name, new Random(i));
        return pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
      }),
    );
    const darkGround = brightness.filter((mean) => mean < 128).length / brightness.length;
    expect([darkGround > 0.35, darkGround < 0.8]).toEqual([true, true]);
  });
});
