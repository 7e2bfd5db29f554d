/**
 * Images in one folder for each class, with or without a folder for each split around them:
 * `cat/*.jpg, dog/*.jpg` or `train/cat/*.jpg, …, val/cat/*.jpg, …[, test/cat/*.jpg, …]`.
 */
import { stat } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { type Finding, type SplitName, SPLITS } from '../shared/dataset-report.ts';
import { InputError } from '../shared/errors.ts';
import { byCodePoint } from './code-points.ts';
import { type Dataset, type DatasetKind, MAX_CLASSES, type OpenOptions, type Sample } from './dataset.ts';
import { type Entry, FolderReader } from './folder-entries.ts';
import { splitSamples } from './split-samples.ts';

const SPLIT_NAMES: Readonly<Record<SplitName, readonly string[]>> = {
  train: ['train', 'training'],
  validation: ['val', 'valid', 'validation'],
  test: ['test', 'testing'],
};

/** How many folders, and how deep, are looked into to recognise a dataset. */
const PROBE = { folders: 100, depth: 5 };

export const classFolders: DatasetKind = {
  name: 'class-folders',
  task: 'classification',
  looksFor:
    'a folder for each class with its images inside (JPEG, PNG, WebP or BMP), or train/ and val/ with such folders',

  async recognise(path) {
    if (!(await stat(path)).isDirectory()) return false;
    const reader = await FolderReader.open(path);
    const { folders } = await reader.entries(path);
    if (await hasSplits(reader, folders)) return true;
    return !(await isPart(path)) && (await countHolding(reader, folders, PROBE.depth)) > 0;
  },

  async partOf(path) {
    if (!(await stat(path)).isDirectory()) return undefined;
    if (await isPart(path)) return dirname(path);
    const reader = await FolderReader.open(path);
    if ((await reader.entries(path)).images.length === 0) return undefined;
    const inside = isNamed(path, 'images');
    const around = inside ? dirname(dirname(path)) : dirname(path);
    const outer = await FolderReader.open(around);
    const { folders } = await outer.entries(around);
    if ((await countHolding(outer, folders, inside ? 2 : 1)) < 2) return undefined;
    return (await isPart(around)) ? dirname(around) : around;
  },

  async read(root, options) {
    const reader = await FolderReader.open(root);
    const reading: Reading = { reader, root, options, fatal: [], leftOut: [] };
    const { folders, images } = await reader.entries(root);
    noteStrays(images, reading);
    const dataset = (await hasSplits(reader, folders))
      ? await readSplits(folders, reading)
      : await readClasses(folders, reading);
    return { dataset: { ...dataset, leftOut: [...reading.leftOut, ...reader.leftOut()] }, fatal: reading.fatal };
  },
};

interface Reading {
  readonly reader: FolderReader;
  readonly root: string;
  readonly options: OpenOptions;
  readonly fatal: Finding[];
  readonly leftOut: Finding[];
}

async function readSplits(folders: readonly Entry[], reading: Reading): Promise<Omit<Dataset, 'leftOut'>> {
  const { reader, root, options, fatal, leftOut } = reading;
  const found = new Map<SplitName, ReadonlyMap<string, readonly Entry[]>>();
  for (const { name, path } of folders) {
    const split = splitOf(name);
    if (split === undefined) {
      leftOut.push({ file: path, message: 'none of train, val and test; left out' });
    } else if (found.has(split)) {
      fatal.push({ file: path, message: `a second ${split} folder; keep one of them` });
    } else {
      const inside = await reader.entries(path);
      noteStrays(inside.images, reading);
      found.set(split, await imagesByClass(inside.folders, reading));
    }
  }
  const names = [...found.values()].flatMap((split) => [...split.keys()]);
  const classes = classNames(names, root);
  const labelled = (split: SplitName): Sample[] => samplesOf(found.get(split), classes);
  const splits = { train: labelled('train'), validation: labelled('validation'), test: labelled('test') };
  const shared = { task: 'classification', kind: classFolders.name, root, classes } as const;
  if (found.has('validation')) return { ...shared, splits, splitSource: 'folders' };
  return { ...shared, splits: { ...splits, ...splitSamples(splits.train, classes, options) }, splitSource: 'seed' };
}

async function readClasses(folders: readonly Entry[], reading: Reading): Promise<Omit<Dataset, 'leftOut'>> {
  const { root, options } = reading;
  await findOtherLayouts(folders, reading);
  const byClass = await imagesByClass(folders, reading);
  const classes = classNames([...byClass.keys()], root);
  const splits = { ...splitSamples(samplesOf(byClass, classes), classes, options), test: [] };
  return { task: 'classification', kind: classFolders.name, root, classes, splits, splitSource: 'seed' };
}

/** Folders that would be taken for classes, but plainly are something else. */
async function findOtherLayouts(folders: readonly Entry[], { reader, root, fatal }: Reading): Promise<void> {
  const splits = new Set(folders.flatMap(({ name }) => splitOf(name) ?? []));
  if (splits.size > 1) {
    fatal.push({ file: root, message: 'has a folder for each split, but no folder for each class inside train/' });
    return;
  }
  for (const { name, path } of folders) {
    const inside = await reader.entries(path);
    const alone = folders.length === 1 && inside.images.length === 0 && inside.folders.length > 1;
    if (alone || (await hasSplits(reader, inside.folders))) {
      fatal.push({ file: path, message: 'is a dataset of its own; choose this folder' });
    } else if (splitOf(name) !== undefined && inside.folders.length > 0) {
      fatal.push({ file: path, message: 'holds class folders as a split does, but there is no train/ beside it' });
    }
  }
}

async function imagesByClass(
  folders: readonly Entry[],
  { reader, fatal }: Reading,
): Promise<Map<string, readonly Entry[]>> {
  const byClass = new Map<string, readonly Entry[]>();
  for (const { name, path } of folders) {
    if (byClass.has(name)) fatal.push({ file: path, message: `a second class folder named ${name}; merge the two` });
    else byClass.set(name, await reader.images(path));
  }
  return byClass;
}

function samplesOf(byClass: ReadonlyMap<string, readonly Entry[]> | undefined, classes: readonly string[]): Sample[] {
  return classes.flatMap((name, label) => (byClass?.get(name) ?? []).map(({ path }) => ({ path, label })));
}

function classNames(names: readonly string[], root: string): string[] {
  const classes = [...new Set(names)].sort(byCodePoint);
  if (classes.length > MAX_CLASSES) throw new InputError(`more than ${MAX_CLASSES} class folders`, { file: root });
  return classes;
}

function splitOf(name: string): SplitName | undefined {
  return SPLITS.find((split) => SPLIT_NAMES[split].includes(name.toLowerCase()));
}

/** Splits are train/ with folders inside, since a class may be named "train" too; val/ or test/ alone are no dataset. */
async function hasSplits(reader: FolderReader, folders: readonly Entry[]): Promise<boolean> {
  for (const { name, path } of folders) {
    if (splitOf(name) === 'train' && (await reader.entries(path)).folders.length > 0) return true;
  }
  return false;
}

function isDetection(folders: readonly Entry[]): boolean {
  return ['images', 'labels'].every((part) => folders.some(({ path }) => isNamed(path, part)));
}

/** Whether this is `train/` of a dataset or `images/` of a detection dataset, which look like datasets themselves. */
async function isPart(path: string): Promise<boolean> {
  if (splitOf(basename(path)) === undefined && !isNamed(path, 'images')) return false;
  const reader = await FolderReader.open(dirname(path));
  const { folders } = await reader.entries(dirname(path));
  return isNamed(path, 'images') ? isDetection(folders) : hasSplits(reader, folders);
}

function isNamed(path: string, name: string): boolean {
  return basename(path).toLowerCase() === name;
}

/** How many folders hold an image, not deeper than `depth`: 0, 1, or 2 for more than one. */
async function countHolding(reader: FolderReader, folders: readonly Entry[], depth: number): Promise<number> {
  let count = 0;
  for (const { path } of folders.slice(0, PROBE.folders)) {
    if (await holdsImage(reader, path, depth)) count++;
    if (count === 2) break;
  }
  return count;
}

async function holdsImage(reader: FolderReader, folder: string, depth: number): Promise<boolean> {
  const { folders, images } = await reader.entries(folder);
  return images.length > 0 || (depth > 1 && (await countHolding(reader, folders, depth - 1)) > 0);
}

function noteStrays(images: readonly Entry[], { leftOut }: Reading): void {
  const [first] = images;
  if (first === undefined) return;
  const message = images.length === 1 ? 'this image lies' : `this and ${images.length - 1} more images lie`;
  leftOut.push({ file: first.path, message: `${message} outside the class folders; left out` });
}
