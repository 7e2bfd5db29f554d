/** Where the images of a dataset lie outside its folder: a view may load these. */
import { writeFileSync } from 'node:fs';
import { join, parse } from 'node:path';
import { expect, it } from 'vitest';
import { foldersOutside } from '../../../../src/data/image-folders.ts';
import { openDetection } from '../../../../src/data/open-dataset.ts';
import { temporaryFolder } from '../folders.ts';
import { writeYolo } from './datasets.ts';

const folder = temporaryFolder();
let count = 0;
const fresh = (): string => join(folder.path, `dataset-${count++}`);
const NAMES = 'names: [cat, dog]\n';
const outsideOf = async (path: string): Promise<string[]> =>
  foldersOutside(await openDetection(path, { validationShare: 0.34, seed: 1 }));

it('is nowhere where data.yaml names folders beside it', async () => {
  expect(await outsideOf(writeYolo(fresh()))).toEqual([]);
});

it('is where data.yaml leads, by path or absolutely', async () => {
  const images = writeYolo(fresh());
  const elsewhere = [join(images, 'images/train'), join(images, 'images/val')];
  const byPath = writeYolo(fresh(), { yaml: `path: ${images}\ntrain: images/train\nval: images/val\n${NAMES}` });
  expect(await outsideOf(join(byPath, 'data.yaml'))).toEqual(elsewhere);
  const absolute = writeYolo(fresh(), { yaml: `train: images/train\nval: ${elsewhere[1]!}\n${NAMES}` });
  expect(await outsideOf(absolute)).toEqual([elsewhere[1]]);
});

it('is where the images of a list are, once for each folder', async () => {
  const images = join(writeYolo(fresh()), 'images');
  const root = writeYolo(fresh(), { yaml: `train: train.txt\nval: images/val\n${NAMES}` });
  const lines = ['a.png', 'b.png'].map((name) => join(images, 'train', name));
  writeFileSync(join(root, 'train.txt'), [...lines, join(root, 'images/train/c.png'), ''].join('\n'));
  expect(await outsideOf(root)).toEqual([join(images, 'train')]);
});

it('is the outermost of folders in folders, and never a whole file system', () => {
  const disk = parse(folder.path).root;
  const at = (...names: string[]) => names.map((name) => ({ path: join(disk, name), label: 0 }));
  const splits = {
    train: at('far/in/1.png', 'far/2.png', '3.png', 'own/4.png'),
    validation: at('farther/5.png'),
    test: [],
  };
  expect(foldersOutside({ root: join(disk, 'own'), splits })).toEqual([join(disk, 'far'), join(disk, 'farther')]);
});
