/**
 * A detection dataset as YOLO's tools keep it: images, for each a text file of its boxes (`images/…/a.jpg` and `labels/…/a.txt`, or side
 * by side), and a `data.yaml` that names the classes and the splits.
 */
import { existsSync, readdirSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { type Finding, type SplitName, SPLITS } from '../../shared/dataset-report.ts';
import { InputError } from '../../shared/errors.ts';
import { type DatasetKind, type DetectionSample, MAX_SAMPLES, type OpenOptions, type ReadDataset } from '../dataset.ts';
import { faultOf } from '../faults.ts';
import { FolderReader, isImageName } from '../folder-entries.ts';
import { BoxCollector } from './boxes.ts';
import { type DataDescription, readDataYaml } from './data-yaml.ts';
import { readObjData } from './darknet.ts';
import { spellings } from './foreign-path.ts';
import { withHeldOut } from './hold-out.ts';
import { readLabels } from './label-text.ts';
import { LabelFaults } from './label-faults.ts';
import { labelsOf } from './label-path.ts';
import { inParallel, readClassList, readText } from './read-text.ts';

const YAML = ['.yaml', '.yml'];
const DESCRIPTIONS = ['data.yaml', 'data.yml', 'dataset.yaml'];
/** LabelImg writes its list beside the labels. */
const CLASS_LISTS = [
  'classes.txt',
  'obj.names',
  ...[['labels'], ['labels', 'train'], ['train', 'labels']].map((folders) => join(...folders, 'classes.txt')),
];
const OBJ_DATA = 'obj.data';
const SPLIT_FOLDERS: Readonly<Record<SplitName, readonly string[]>> = {
  train: ['train', 'training'],
  validation: ['val', 'valid', 'validation'],
  test: ['test', 'testing'],
};
/** How far above a chosen folder the description may lie: images/train/. */
const MAX_UP = 3;

export const yolo: DatasetKind = {
  name: 'yolo',
  task: 'detection',
  looksFor: 'data.yaml that names classes and image folders, with a label file for each image (object detection)',

  async recognise(path) {
    if (!(await stat(path)).isDirectory()) return YAML.includes(extname(path).toLowerCase());
    return (await descriptionIn(path)) !== undefined || layoutOf(path) !== undefined;
  },

  async partOf(path) {
    let folder = (await stat(path)).isDirectory() ? path : dirname(path);
    let found: string | undefined;
    for (let up = 0; up < MAX_UP; up++) {
      const isPart = /^(images|labels|train|training|val|valid|validation|test|testing)$/i.test(basename(folder));
      if (!isPart) break;
      folder = dirname(folder);
      // train/ has images/ and labels/ too: what names the classes is the whole.
      if ((await descriptionIn(folder)) !== undefined) return folder;
      if (layoutOf(folder) !== undefined) found ??= folder;
    }
    return found;
  },

  async read(path, options) {
    const isFile = !(await stat(path)).isDirectory();
    const root = isFile ? dirname(path) : path;
    const file = isFile ? path : await descriptionIn(path);
    try {
      return await read(root, await describe(root, file), options);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      // It is a dataset of this kind, though nothing can be read of it.
      const none = { train: [], validation: [], test: [] };
      const empty = { task: 'detection', kind: yolo.name, root, classes: [], splits: none, leftOut: [] } as const;
      return { dataset: { ...empty, splitSource: 'folders' }, fatal: [faultOf(error, error.place.file ?? root)] };
    }
  },
};

/** The description that a folder has, by its usual name or as the only YAML that is one. */
async function descriptionIn(folder: string): Promise<string | undefined> {
  const all = await readdir(folder);
  const names = all.filter((name) => YAML.includes(extname(name).toLowerCase()));
  const usual = DESCRIPTIONS.find((name) => names.includes(name)) ?? all.find((name) => name === OBJ_DATA);
  if (usual !== undefined) return join(folder, usual);
  if (layoutOf(folder) === undefined || names.length !== 1) return undefined;
  return join(folder, names[0]!);
}

/** The image folder of each split, where images/ and labels/ say that a folder is of this kind. */
function layoutOf(folder: string): Readonly<Record<SplitName, readonly string[]>> | undefined {
  const has = (...parts: readonly string[]): boolean => existsSync(join(folder, ...parts));
  const among = (paths: (split: string) => string, isThere: (split: string) => boolean) =>
    Object.fromEntries(SPLITS.map((split) => [split, SPLIT_FOLDERS[split].filter(isThere).map(paths)])) as Record<
      SplitName,
      string[]
    >;
  if (has('images') && has('labels')) {
    const inside = among(
      (split) => join(folder, 'images', split),
      (split) => has('images', split),
    );
    return inside.train.length > 0 ? inside : { train: [join(folder, 'images')], validation: [], test: [] };
  }
  const around = among(
    (split) => join(folder, split, 'images'),
    (split) => has(split, 'images') && has(split, 'labels'),
  );
  if (around.train.length > 0) return around;
  // Images, labels and classes.txt in one folder.
  return has('classes.txt') && areBeside(folder) ? { train: [folder], validation: [], test: [] } : undefined;
}

function areBeside(folder: string): boolean {
  const names = readdirSync(folder);
  const texts = new Set(names.filter((name) => extname(name) === '.txt'));
  return names.some((name) => isImageName(name) && texts.has(`${basename(name, extname(name))}.txt`));
}

async function describe(root: string, file: string | undefined): Promise<DataDescription> {
  if (file === undefined) return await undescribed(root);
  return basename(file) === OBJ_DATA ? await readObjData(file) : readDataYaml(file);
}

async function undescribed(root: string): Promise<DataDescription> {
  const list = CLASS_LISTS.map((name) => join(root, name)).find((file) => existsSync(file));
  if (list === undefined)
    throw new InputError(
      'has images/ and labels/, but no data.yaml that names the classes; write one with names and train',
      {
        file: root,
      },
    );
  return { classes: await readClassList(list), splits: layoutOf(root)! };
}

interface Reading {
  readonly classes: readonly string[];
  readonly faults: LabelFaults;
  readonly leftOut: Finding[];
  readonly keyPoints: number;
  images: number;
  rows: number;
}

async function read(
  root: string,
  { classes, splits, keyPoints = 0 }: DataDescription,
  options: OpenOptions,
): Promise<ReadDataset> {
  const reading: Reading = { classes, faults: new LabelFaults(), leftOut: [], keyPoints, images: 0, rows: 0 };
  if (keyPoints > 0) reading.leftOut.push({ file: root, message: 'its key points are not read, only its boxes' });
  const fatal: Finding[] = [];
  const samples: Record<SplitName, DetectionSample[]> = { train: [], validation: [], test: [] };
  for (const split of SPLITS) {
    const images = new Set<string>();
    for (const place of splits[split]) {
      try {
        for (const image of await imagesAt(place, root, reading)) images.add(image);
      } catch (error) {
        // Test images are often left out of a copy.
        if (!(error instanceof InputError)) throw error;
        (split === 'test' ? reading.leftOut : fatal).push(faultOf(error, error.place.file ?? place));
      }
    }
    reading.images += images.size;
    if (reading.images > MAX_SAMPLES) throw new InputError(`more than ${MAX_SAMPLES} images`, { file: root });
    // Read many at a time, judged in order: the same faults are told every time.
    const texts = await inParallel([...images], labelText);
    samples[split] = [...images].map((image, i) => sampleOf(image, texts[i], reading));
  }
  const [first] = samples.train;
  if (first !== undefined && reading.rows === 0)
    fatal.push({ file: first.path, message: `no image has a label file; looked for ${labelsOf(first.path)}` });
  const found = reading.faults.findings({ images: reading.images, rows: reading.rows, root });
  const leftOut = [...reading.leftOut, ...found.warnings];
  const dataset = { task: 'detection', kind: yolo.name, root, classes, leftOut } as const;
  return { dataset: { ...dataset, ...withHeldOut(samples, options) }, fatal: [...fatal, ...found.fatal] };
}

/** The images of a folder, or those that a text file lists: relative to it, or to the dataset. */
async function imagesAt(place: string, root: string, reading: Reading): Promise<string[]> {
  if (extname(place).toLowerCase() !== '.txt') {
    if (existsSync(place) && !(await stat(place)).isDirectory())
      throw new InputError('is neither a folder of images nor a .txt file that lists them', { file: place });
    const reader = await FolderReader.open(place);
    const images = (await reader.images(place)).map(({ path }) => path);
    reading.leftOut.push(...reader.leftOut());
    if (images.length === 0) throw new InputError('no image in this folder', { file: place });
    return images;
  }
  const lines = (await readText(place)).split(/\r?\n/).map((line) => line.trim());
  let missing: { line: number; looked: string } | undefined;
  const images = lines.flatMap((line, index) => {
    if (line === '') return [];
    const spelled = spellings(line);
    const candidates = [dirname(place), root].flatMap((start) => spelled.map((path) => resolve(start, path)));
    const image = candidates.find((candidate) => existsSync(candidate));
    if (image !== undefined) return [image];
    reading.faults.note('file', { file: place, line: index + 1 }, 'no such image; left out');
    missing ??= { line: index + 1, looked: candidates[0]! };
    return [];
  });
  if (images.length > 0 || missing === undefined) return images;
  throw new InputError(`none of its images is there; the first was looked for at ${missing.looked}`, {
    file: place,
    line: missing.line,
  });
}

/** Undefined where an image has no label file: a background. */
async function labelText(image: string): Promise<string | InputError | undefined> {
  const file = labelsOf(image);
  if (!existsSync(file)) return undefined;
  try {
    return await readText(file);
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

function sampleOf(path: string, text: string | InputError | undefined, reading: Reading): DetectionSample {
  const boxes = new BoxCollector(reading.faults, reading.classes.length);
  const file = labelsOf(path);
  if (text instanceof InputError)
    reading.faults.note('file', { file }, `${text.reason}; its image is left without boxes`);
  else if (text !== undefined) reading.rows += readLabels(text, file, boxes, reading.faults, reading.keyPoints);
  return { path, boxes: boxes.boxes };
}
