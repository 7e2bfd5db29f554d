/**
 * Images in one folder for each class, with or without a folder for each split around them:
 * `cat/*.jpg, dog/*.jpg` or `train/cat/*.jpg, …, val/cat/*.jpg, …[, test/cat/*.jpg, …]`.
 */
import { stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { InputError } from '../shared/errors.ts';
import { byCodePoint } from './code-points.ts';
import {
  type Dataset,
  type DatasetKind,
  type Finding,
  type Findings,
  MAX_CLASSES,
  type OpenOptions,
  type Sample,
  type SplitName,
  SPLITS,
} from './dataset.ts';
import { type Entry, FolderReader } from './folder-entries.ts';
import { splitSamples } from './split-samples.ts';

const SPLIT_NAMES: Readonly<Record<SplitName, readonly string[]>> = {
  train: ['train', 'training'],
  validation: ['val', 'valid', 'validation'],
  test: ['test', 'testing'],
};

/** How many folders, and how deep, are looked into to recognise a dataset. */
const PROBE = { folders: 100, depth: 3 };

export const classFolders: DatasetKind = {
  name: 'class-folders',
  looksFor:
    'a folder for each class with its images inside (JPEG, PNG, WebP or BMP), or train/ and val/ with such folders',

  async recognise(path) {
    if (!(await stat(path)).isDirectory()) return false;
    const reader = await FolderReader.open(path);
    const { folders } = await reader.entries(path);
    if (await hasSplits(reader, folders)) return true;
    // `train/` of a dataset has class folders too, but is only a part of it.
    if (splitOf(basename(path)) !== undefined && (await isDivided(dirname(path)))) return false;
    for (const { path: folder } of folders.slice(0, PROBE.folders)) {
      if (await holdsImage(reader, folder, PROBE.depth)) return true;
    }
    return false;
  },

  async read(root, options) {
    const reader = await FolderReader.open(root);
    const findings: Findings = { fatal: [], warnings: [] };
    const { folders, images } = await reader.entries(root);
    const dataset = (await hasSplits(reader, folders))
      ? await readSplits(reader, root, folders, options, findings)
      : await readClasses(reader, root, folders, options, findings);
    warnOfStrays(root, images, findings.warnings);
    findings.warnings.push(...reader.warnings());
    return { ...findings, dataset };
  },
};

async function readSplits(
  reader: FolderReader,
  root: string,
  folders: readonly Entry[],
  options: OpenOptions,
  { fatal, warnings }: Findings,
): Promise<Dataset> {
  const found = new Map<SplitName, ReadonlyMap<string, readonly Entry[]>>();
  for (const folder of folders) {
    const split = splitOf(folder.name);
    if (split === undefined) {
      warnings.push({ file: folder.path, message: `not one of the splits ${SPLITS.join(', ')}; left out` });
    } else if (found.has(split)) {
      fatal.push({ file: folder.path, message: `a second ${split} folder; keep one of them` });
    } else {
      const { folders: classFolders, images } = await reader.entries(folder.path);
      warnOfStrays(folder.path, images, warnings);
      found.set(split, await imagesByClass(reader, classFolders, fatal));
    }
  }
  const classes = classNames(
    [...found.values()].flatMap((split) => [...split.keys()]),
    root,
  );
  const labelled = (split: SplitName): Sample[] => samplesOf(found.get(split), classes);
  const splits = { train: labelled('train'), validation: labelled('validation'), test: labelled('test') };
  const shared = { task: 'classification', kind: classFolders.name, root, classes } as const;
  if (found.has('validation')) return { ...shared, splits, splitSource: 'folders' };
  return { ...shared, splits: { ...splits, ...splitSamples(splits.train, classes, options) }, splitSource: 'seed' };
}

async function readClasses(
  reader: FolderReader,
  root: string,
  folders: readonly Entry[],
  options: OpenOptions,
  { fatal }: Findings,
): Promise<Dataset> {
  const names = folders.map(({ name }) => name.toLowerCase());
  if (names.includes('images') && names.includes('labels')) {
    const message = 'images/ and labels/ are the layout of a detection dataset, which cannot be trained on yet';
    fatal.push({ file: root, message: `${message}; use a folder for each class` });
  }
  for (const { path } of folders) {
    const inside = (await reader.entries(path)).folders;
    if (await hasSplits(reader, inside))
      fatal.push({ file: path, message: 'is a dataset of its own; choose this folder' });
  }
  const byClass = await imagesByClass(reader, folders, fatal);
  const classes = classNames([...byClass.keys()], root);
  const splits = { ...splitSamples(samplesOf(byClass, classes), classes, options), test: [] };
  return { task: 'classification', kind: classFolders.name, root, classes, splits, splitSource: 'seed' };
}

async function imagesByClass(
  reader: FolderReader,
  folders: readonly Entry[],
  fatal: Finding[],
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

/** Whether `parent` is divided into splits. */
async function isDivided(parent: string): Promise<boolean> {
  const reader = await FolderReader.open(parent);
  return hasSplits(reader, (await reader.entries(parent)).folders);
}

async function holdsImage(reader: FolderReader, folder: string, depth: number): Promise<boolean> {
  const { folders, images } = await reader.entries(folder);
  if (images.length > 0) return true;
  if (depth === 1) return false;
  for (const { path } of folders.slice(0, PROBE.folders)) if (await holdsImage(reader, path, depth - 1)) return true;
  return false;
}

function warnOfStrays(folder: string, images: readonly Entry[], warnings: Finding[]): void {
  const [first] = images;
  if (first === undefined) return;
  const message = images.length === 1 ? 'this image lies' : `this and ${images.length - 1} more images lie`;
  warnings.push({ file: join(folder, first.name), message: `${message} outside the class folders; left out` });
}
