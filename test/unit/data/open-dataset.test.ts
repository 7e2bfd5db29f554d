import { symlinkSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Dataset, Sample } from '../../../src/data/dataset.ts';
import { openDataset } from '../../../src/data/open-dataset.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { numbered, temporaryFolder, writeFiles } from './folders.ts';

const folder = temporaryFolder();
let folders = 0;

/** Writes a dataset of empty files, with nothing beside it: only names matter here. */
const tree = (...files: string[]): string => writeFiles(join(folder.path, String(folders++), 'data'), files);
const open = (path: string, seed = 0, validationShare = 0.2): Promise<Dataset> =>
  openDataset(path, { seed, validationShare });
const names = ({ root }: Dataset, samples: readonly Sample[]): string[] =>
  samples.map(({ path }) => relative(root, path).replaceAll('\\', '/'));
const split = (name: string, count = 2): string[] =>
  ['cat', 'dog'].flatMap((label) => numbered(`${name}/${label}/`, count));

describe('openDataset', () => {
  it('reads class folders and holds out the same share of each class', async () => {
    const dataset = await open(tree(...numbered('dog/', 20), ...numbered('cat/', 10)));
    expect(dataset.classes).toEqual(['cat', 'dog']);
    expect(dataset.splitSource).toBe('seed');
    const counts = (samples: readonly Sample[]): number[] =>
      dataset.classes.map((_, label) => samples.filter((sample) => sample.label === label).length);
    expect(counts(dataset.splits.train)).toEqual([8, 16]);
    expect(counts(dataset.splits.validation)).toEqual([2, 4]);
    expect(dataset.splits.test).toEqual([]);
    const all = [...dataset.splits.train, ...dataset.splits.validation];
    expect(new Set(all.map(({ path }) => path)).size).toBe(30);
    for (const { path, label } of all) expect(path).toContain(join(dataset.root, dataset.classes[label]!));
  });

  it('draws the held out images from the seed alone', async () => {
    const path = tree(...split('.', 20));
    const held = async (seed: number): Promise<string[]> => {
      const dataset = await open(path, seed);
      return names(dataset, dataset.splits.validation);
    };
    expect(await held(1)).toEqual(await held(1));
    expect(await held(1)).not.toEqual(await held(2));
    // A class that joins leaves the draw of the others as it is.
    const before = await held(1);
    writeFiles(path, numbered('ant/', 20));
    expect((await held(1)).filter((name) => !name.startsWith('ant/'))).toEqual(before);
  });

  it('holds out one image of each class at least, and never the last one', async () => {
    const dataset = await open(tree(...numbered('cat/', 1), ...numbered('dog/', 2)), 0, 0.01);
    expect(dataset.splits.train.map(({ label }) => label)).toEqual([0, 1]);
    expect(dataset.splits.validation.map(({ label }) => label)).toEqual([1]);
    const most = await open(tree(...split('.', 2)), 0, 0.9);
    expect(most.splits.train.map(({ label }) => label)).toEqual([0, 1]);
  });

  it.each([
    ['train', 'val'],
    ['training', 'valid'],
    ['Train', 'Validation'],
  ])('reads the splits %s and %s', async (train, validation) => {
    const dataset = await open(tree(...split(train), ...split(validation, 1), ...split('test', 3)));
    expect(dataset.splitSource).toBe('folders');
    expect(names(dataset, dataset.splits.train)).toEqual(split(train));
    expect(names(dataset, dataset.splits.validation)).toEqual(split(validation, 1));
    expect(names(dataset, dataset.splits.test)).toEqual(split('test', 3));
  });

  it('holds training images out where there is train/ but no val/', async () => {
    const dataset = await open(tree(...split('train', 10), ...split('test', 1)));
    expect(dataset.splitSource).toBe('seed');
    expect([dataset.splits.train.length, dataset.splits.validation.length, dataset.splits.test.length]).toEqual([
      16, 4, 2,
    ]);
  });

  it('orders by code point, whatever the file system does', async () => {
    // In UTF-16 units, U+1F431 would come before U+FF21.
    const files = ['a/10.png', 'a/2.png', 'a/B.png', 'a/a.png', 'a/Ａ.png', 'a/🐱.png', 'é/1.png', 'b/1.png'];
    const dataset = await open(
      tree(...files.map((file) => `train/${file}`), ...['a', 'b', 'é'].map((c) => `val/${c}/1.png`)),
    );
    expect(dataset.classes).toEqual(['a', 'b', 'é']);
    expect(names(dataset, dataset.splits.train)).toEqual(
      ['a/10.png', 'a/2.png', 'a/B.png', 'a/a.png', 'a/Ａ.png', 'a/🐱.png', 'b/1.png', 'é/1.png'].map(
        (f) => `train/${f}`,
      ),
    );
  });

  it('takes the composed and the decomposed form of a name for the same class', async () => {
    const dataset = await open(
      tree('train/caf\u00e9/1.png', 'train/tea/1.png', 'val/cafe\u0301/1.png', 'val/tea/1.png'),
    );
    expect(dataset.classes).toEqual(['caf\u00e9', 'tea']);
    expect(dataset.splits.validation.map(({ label }) => label)).toEqual([0, 1]);
    const twice = tree('caf\u00e9/1.png', 'cafe\u0301/1.png', 'tea/1.png');
    await expect(open(twice)).rejects.toThrow('a second class folder named caf\u00e9; merge the two');
  });

  it('takes images in folders of a class, and nothing that is hidden or no image', async () => {
    const dataset = await open(
      tree(
        'cat/1.JPG',
        'cat/2024/may/2.jpeg',
        'cat/.3.png',
        'cat/notes.txt',
        'cat/.cache/4.png',
        '.git/5.png',
        '__MACOSX/cat/6.png',
        'dog/7.WebP',
        'dog/8.bmp',
        'readme.md',
      ),
    );
    const all = names(dataset, [...dataset.splits.train, ...dataset.splits.validation]);
    expect(all.toSorted()).toEqual(['cat/1.JPG', 'cat/2024/may/2.jpeg', 'dog/7.WebP', 'dog/8.bmp']);
  });

  it('says what it left out', async () => {
    const path = tree(
      ...split('train'),
      ...split('val'),
      'train/stray.png',
      'train/cat/a.heic',
      'train/dog/b.HEIC',
      'old/cat/1.png',
    );
    const { leftOut } = await open(path);
    expect(leftOut).toEqual([
      { file: join(path, 'old'), message: 'none of train, val and test; left out' },
      { file: join(path, 'train/stray.png'), message: 'this image lies outside the class folders; left out' },
      { file: join(path, 'train/cat/a.heic'), message: '2 .heic files are left out; save as JPEG or PNG' },
    ]);
  });

  it('takes a class named train for a class', async () => {
    expect((await open(tree(...numbered('train/', 5), ...numbered('bus/', 5)))).classes).toEqual(['bus', 'train']);
  });
});

describe.skipIf(process.platform === 'win32')('openDataset with symbolic links', () => {
  it('follows those that stay inside the dataset', async () => {
    const outside = tree('secret/1.png');
    const path = tree(...split('.', 3), 'pool/9.png', '.store/elk/1.png', '.store/elk/2.png');
    symlinkSync(join(path, '.store/elk'), join(path, 'elk'));
    symlinkSync(join(path, 'pool/9.png'), join(path, 'cat/9.png'));
    symlinkSync(join(outside, 'secret'), join(path, 'secret'));
    symlinkSync(join(outside, 'secret/1.png'), join(path, 'dog/1x.png'));
    symlinkSync(join(path, 'nowhere'), join(path, 'dog/2x.png'));
    const { classes, splits, leftOut } = await open(path);
    expect(classes).toEqual(['cat', 'dog', 'elk', 'pool']);
    expect([...splits.train, ...splits.validation].filter(({ label }) => label === 0).length).toBe(4);
    expect(leftOut.map(({ file }) => relative(path, file)).toSorted()).toEqual(['dog/1x.png', 'dog/2x.png', 'secret']);
  });

  it('does not go round in circles', async () => {
    const path = tree(...split('.', 3));
    symlinkSync(path, join(path, 'cat/around'));
    symlinkSync(join(path, 'cat'), join(path, 'dog/kittens'));
    symlinkSync(join(path, 'dog'), join(path, 'cat/puppies'));
    const { splits, leftOut } = await open(path);
    // Each class sees the other once.
    expect(splits.train.length + splits.validation.length).toBe(12);
    expect(leftOut.some(({ message }) => message === 'this link leads to a folder around it; left out')).toBe(true);
    expect(leftOut.some(({ message }) => message === 'links lead back here; left out')).toBe(true);
  });
});

describe('openDataset of what is no dataset', () => {
  /** The error of opening a path in a tree, with the paths in it as seen from around the tree. */
  const fault = async (root: string, at: string): Promise<string> => {
    const error: unknown = await open(join(root, at)).catch((thrown: unknown) => thrown);
    if (!(error instanceof InputError)) throw new Error(`no InputError for ${at}`);
    expect(error.message).not.toContain('\n');
    expect(error.message.startsWith(`${error.place.file!}: `)).toBe(true);
    return error.message.replaceAll(dirname(root), '').replaceAll('\\', '/');
  };

  it.each<[name: string, files: string[], at: string, message: RegExp]>([
    ['an empty folder', ['a.txt'], '.', /no dataset here; looked for a folder for each class/],
    ['a folder that is not there', ['a.txt'], 'b', /^\/data\/b: no such file or folder$/],
    ['a file', ['a.txt'], 'a.txt', /no dataset here/],
    ['images without folders', ['1.png', '2.png'], '.', /no dataset here/],
    ['one class', ['cat/1.png'], '.', /only one class \(cat\); at least two are needed/],
    [
      'an empty class',
      ['cat/1.png', 'cat/2.png', 'dog/notes.txt', 'elk/a.tiff'],
      '.',
      /no images in class dog, class elk; add some/,
    ],
    [
      'train/ of a dataset',
      [...split('train'), ...split('val')],
      'train',
      /^\/data\/train: seems to be a part of the dataset \/data; choose/,
    ],
    [
      'val/ of a dataset',
      [...split('train'), ...split('val')],
      'val',
      /^\/data\/val: seems to be a part of the dataset \/data; choose/,
    ],
    ['a class folder', split('.'), 'cat', /^\/data\/cat: seems to be a part of the dataset \/data; choose/],
    [
      'a class folder of a split',
      [...split('train'), ...split('val')],
      'val/dog',
      /a part of the dataset \/data; choose/,
    ],
    [
      'images/ of a class',
      ['cat/images/1.png', 'dog/images/1.png'],
      'dog/images',
      /a part of the dataset \/data; choose/,
    ],
    [
      'images/ of a detection dataset',
      ['images/train/1.png', 'images/val/1.png', 'labels/train/1.txt'],
      'images/train',
      /a part of the dataset \/data; choose/,
    ],
    [
      'a detection dataset',
      ['images/train/1.png', 'labels/train/1.txt'],
      '.',
      /^\/data: has images\/ and labels\/, but no data.yaml that names the classes/,
    ],
    [
      'the folder around a dataset',
      ['flowers/train/rose/1.png', 'flowers/val/rose/1.png'],
      '.',
      /^\/data\/flowers: is a dataset of its own; choose this folder$/,
    ],
    [
      'the folder around class folders',
      ['flowers/rose/1.png', 'flowers/tulip/1.png'],
      '.',
      /^\/data\/flowers: is a dataset of its own/,
    ],
    [
      'val/ and test/ alone',
      [...split('val'), ...split('test')],
      '.',
      /^\/data: has a folder for each split, but no folder for each class inside train/,
    ],
    [
      'images by split alone',
      ['train/1.png', 'val/1.png'],
      '.',
      /^\/data: has a folder for each split, but no folder for each class inside train/,
    ],
    [
      'a split beside class folders',
      [...split('.'), ...split('val')],
      '.',
      /^\/data\/val: holds class folders as a split does, but there is no train/,
    ],
    [
      'images/ as a whole of a detection dataset',
      ['images/train/1.png', 'images/val/1.png', 'labels/train/1.txt'],
      'images',
      /^\/data\/images: seems to be a part of the dataset \/data; choose/,
    ],
    [
      'two validation folders',
      [...split('train'), ...split('val'), ...split('valid')],
      '.',
      /^\/data\/valid: a second validation folder/,
    ],
    [
      'a class without training images',
      [...split('train'), ...split('val'), 'val/elk/1.png'],
      '.',
      /no training images in class elk, but validation/,
    ],
    ['an empty validation folder', [...split('train'), 'val/notes.txt'], '.', /no validation images; add some/],
    ['single images', ['cat/1.png', 'dog/1.png'], '.', /no validation images/],
  ])('explains %s', async (_, files, at, message) => {
    expect(await fault(tree(...files), at)).toMatch(message);
  });
});
