import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { checkDataset } from '../../../src/data/check-dataset.ts';
import { openDataset } from '../../../src/data/open-dataset.ts';
import { numbered, temporaryFolder, writeFiles } from './folders.ts';
import { imageFile } from './images.ts';
import { picture } from './pictures.ts';

const folder = temporaryFolder();
let folders = 0;
let pictures = 0;

/** Each file is a picture of its own, unless it is given. */
function dataset(files: readonly string[], given: Readonly<Record<string, Uint8Array>> = {}): string {
  const drawn = Object.fromEntries(files.map((file) => [file, picture(pictures++ % 256)]));
  return writeFiles(join(folder.path, `data${folders++}`), { ...drawn, ...given });
}

const split = (name: string, cats: number, dogs = cats): string[] => [
  ...numbered(`${name}/cat/`, cats),
  ...numbered(`${name}/dog/`, dogs),
];

describe('checkDataset', () => {
  it('counts without opening an image', async () => {
    const path = writeFiles(join(folder.path, 'names'), [...split('train', 8, 6), ...split('val', 3, 2)]);
    expect(await checkDataset(path)).toEqual({
      ready: true,
      fatal: [],
      warnings: [],
      root: path,
      kind: 'class-folders',
      task: 'classification',
      boxes: null,
      splitSource: 'folders',
      classes: [
        { name: 'cat', train: 8, validation: 3, test: 0 },
        { name: 'dog', train: 6, validation: 2, test: 0 },
      ],
      counts: { train: 14, validation: 5, test: 0 },
      imbalance: 8 / 6,
      images: null,
    });
  });

  it('reports what is no dataset instead of throwing', async () => {
    const path = join(folder.path, 'nothing');
    const report = await checkDataset(path);
    expect(report).toMatchObject({
      ready: false,
      kind: null,
      fatal: [{ file: path, message: 'no such file or folder' }],
    });
  });

  it('warns of few images, imbalance, and classes that are not validated', async () => {
    const path = writeFiles(join(folder.path, 'uneven'), [...split('train', 44, 4), 'val/cat/1.png', 'test/dog/1.png']);
    const { ready, imbalance, warnings } = await checkDataset(path);
    expect([ready, imbalance]).toEqual([true, 11]);
    expect(warnings.map(({ message }) => message)).toEqual([
      'no validation images in class dog; its accuracy cannot be told',
      'no test images in class cat; its accuracy cannot be told',
      'fewer than 5 training images in class dog; add some',
      'the largest class has 11 times the training images of the smallest; try classWeights: balanced',
    ]);
  });

  it('opens every image when asked to', async () => {
    const path = dataset([...split('train', 5), ...split('val', 5)], {
      'train/cat/a.png': imageFile('turned-6.jpg'),
      'val/dog/b.webp': imageFile('lossless.webp'),
    });
    const seen: number[][] = [];
    const report = await checkDataset(path, { deep: true, onProgress: (done, total) => seen.push([done, total]) });
    expect(report.ready).toBe(true);
    expect(report.images).toEqual({
      opened: 22,
      formats: { png: 20, jpeg: 1, webp: 1 },
      width: { least: 4, most: 11 },
      height: { least: 4, most: 11 },
      unreadable: [],
      duplicates: [],
    });
    expect(seen).toEqual(Array.from({ length: 22 }, (_, i) => [i + 1, 22]));
  });

  it('puts up with a handful of unreadable images in a split, by name', async () => {
    const truncated = imageFile('444.jpg').subarray(0, 300);
    const path = dataset([...split('train', 10), ...split('val', 5)], {
      'train/cat/x.jpg': truncated,
      'train/dog/y.png': new Uint8Array(),
    });
    const report = await checkDataset(path, { deep: true });
    expect(report.ready).toBe(true);
    expect(report.images!.unreadable).toEqual([
      { file: join(path, 'train/cat/x.jpg'), message: 'a damaged or truncated jpeg file' },
      { file: join(path, 'train/dog/y.png'), message: 'the file is empty' },
    ]);
    expect(report.warnings.map(({ message }) => message)).toEqual([
      'a damaged or truncated jpeg file; it is skipped',
      'the file is empty; it is skipped',
    ]);
  });

  it('is not ready with more than a handful', async () => {
    const broken = Object.fromEntries(numbered('val/cat/broken', 6).map((file) => [file, Uint8Array.of(7)]));
    const path = dataset([...split('train', 10), ...split('val', 5)], broken);
    const report = await checkDataset(path, { deep: true });
    expect(report.ready).toBe(false);
    expect(report.fatal).toEqual([
      {
        file: join(path, 'val/cat/broken0.png'),
        message: 'not a JPEG, PNG, WebP or BMP image; 6 of 16 validation images cannot be read, at most 5 are skipped',
      },
    ]);
    expect(report.images!.unreadable.length).toBe(6);
  });

  it('is not ready when no image of a class can be read', async () => {
    const broken = Object.fromEntries(numbered('train/elk/', 3).map((file) => [file, Uint8Array.of(7)]));
    const path = dataset([...split('train', 10), ...split('val', 5), ...numbered('val/elk/', 3)], broken);
    const { fatal } = await checkDataset(path, { deep: true });
    expect(fatal).toEqual([{ file: path, message: 'no training image of class elk can be read' }]);
  });

  it('finds the same bytes in two splits or classes, and not within one', async () => {
    const path = dataset([...split('train', 5), ...split('val', 5)]);
    const bytes = (file: string): Uint8Array => readFileSync(join(path, file));
    writeFiles(path, {
      'val/cat/leak.png': bytes('train/cat/1.png'),
      'train/dog/wrong.png': bytes('train/cat/2.png'),
      'train/dog/twice.png': bytes('train/dog/3.png'),
    });
    const report = await checkDataset(path, { deep: true });
    expect(report.images!.duplicates).toEqual([
      [join(path, 'train/cat/1.png'), join(path, 'val/cat/leak.png')],
      [join(path, 'train/cat/2.png'), join(path, 'train/dog/wrong.png')],
    ]);
    expect(report.warnings).toEqual([
      {
        file: join(path, 'train/cat/1.png'),
        message: `the same image as ${join(path, 'val/cat/leak.png')} of the validation split; keep one of them`,
      },
      {
        file: join(path, 'train/cat/2.png'),
        message: `the same image as ${join(path, 'train/dog/wrong.png')} of class dog; keep one of them`,
      },
    ]);
  });

  it('takes an opened dataset, and stops when it is told to', async () => {
    const opened = await openDataset(dataset(split('.', 9)), { validationShare: 0.5, seed: 3 });
    expect((await checkDataset(opened)).counts).toEqual({ train: 8, validation: 10, test: 0 });
    const controller = new AbortController();
    const stopped = checkDataset(opened, {
      deep: true,
      signal: controller.signal,
      onProgress: () => {
        controller.abort(new Error('enough'));
      },
    });
    await expect(stopped).rejects.toThrow('enough');
  });
});
