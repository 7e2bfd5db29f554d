/**
 * A detection dataset in Pascal VOC's form: an XML file for each image. Found as VOC lays it out (`Annotations/`, `JPEGImages/`, the
 * splits listed in `ImageSets/Main/`), as two such folders in each of train/ and val/, and side by side in them as Roboflow writes it.
 */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { type SplitName, SPLITS } from '../../shared/dataset-report.ts';
import { InputError } from '../../shared/errors.ts';
import { byCodePoint } from '../code-points.ts';
import { type DatasetKind, type DetectionSample } from '../dataset.ts';
import { isImageName } from '../folder-entries.ts';
import { BoxCollector } from './boxes.ts';
import { withHeldOut } from './hold-out.ts';
import { ImageIndex } from './image-index.ts';
import { LabelFaults } from './label-faults.ts';
import { inParallel, readText } from './read-text.ts';
import { declaredEncoding, parseVoc, type VocAnnotation } from './voc-xml.ts';

const ANNOTATIONS = 'Annotations';
const IMAGES = 'JPEGImages';
const LISTS: Readonly<Record<SplitName, string>> = { train: 'train', validation: 'val', test: 'test' };
const SPLIT_FOLDERS: Readonly<Record<SplitName, readonly string[]>> = {
  train: ['train'],
  validation: ['val', 'valid', 'validation'],
  test: ['test'],
};

export const voc: DatasetKind = {
  name: 'voc',
  task: 'detection',
  looksFor: 'Annotations/ with an XML file for each image of JPEGImages/ (object detection)',

  async recognise(path) {
    if (!(await stat(path)).isDirectory()) return false;
    return (await isPair(path)) || (await trainFolderOf(path)) !== undefined || (await isBeside(path));
  },

  async partOf(path) {
    const folder = (await stat(path)).isDirectory() ? path : dirname(path);
    const around = dirname(folder);
    const isPart = [ANNOTATIONS, IMAGES, ...Object.values(SPLIT_FOLDERS).flat()].includes(basename(folder));
    return isPart && (await this.recognise(around)) ? around : undefined;
  },

  async read(root, options) {
    const faults = new LabelFaults();
    const parts = await annotationsOf(root, faults);
    const names = parts.flatMap(({ annotation }) => annotation.objects.map(({ name }) => name));
    const classes = [...new Set(names)].sort(byCodePoint);
    const samples: Record<SplitName, DetectionSample[]> = { train: [], validation: [], test: [] };
    for (const part of parts) {
      const path = part.images.find(part.stem) ?? part.images.find(part.annotation.filename ?? '');
      if (path === undefined) faults.note('file', { file: part.file }, 'its image is missing; left out');
      else samples[part.split].push({ path, boxes: boxesOf(part.annotation, part.file, classes, faults) });
    }
    const found = faults.findings({ images: parts.length, rows: names.length, root });
    const dataset = { task: 'detection', kind: voc.name, root, classes, leftOut: found.warnings } as const;
    return { dataset: { ...dataset, ...withHeldOut(samples, options) }, fatal: found.fatal };
  },
};

interface Part {
  readonly split: SplitName;
  readonly file: string;
  /** The file's name without its ending. */
  readonly stem: string;
  readonly annotation: VocAnnotation;
  readonly images: ImageIndex;
}

async function annotationsOf(root: string, faults: LabelFaults): Promise<Part[]> {
  if ((await isPair(root)) || (await isBeside(root))) return await readPair(root, await splitsOf(root), faults);
  const parts: Part[] = [];
  for (const split of SPLITS)
    for (const name of SPLIT_FOLDERS[split]) {
      const folder = join(root, name);
      if (existsSync(folder)) parts.push(...(await readPair(folder, () => split, faults)));
    }
  return parts;
}

/** Reads the annotations of a folder that has `Annotations/` and `JPEGImages/`, or both in one. */
async function readPair(
  folder: string,
  splitOf: (stem: string) => SplitName | undefined,
  faults: LabelFaults,
): Promise<Part[]> {
  const pair = await isPair(folder);
  const annotations = pair ? join(folder, ANNOTATIONS) : folder;
  const images = await ImageIndex.open([pair ? join(folder, IMAGES) : folder]);
  const files = (await readdir(annotations)).filter((name) => extname(name) === '.xml').sort(byCodePoint);
  const wanted = files.flatMap((name) => {
    const stem = basename(name, '.xml');
    const split = splitOf(stem);
    return split === undefined ? [] : [{ split, stem, file: join(annotations, name) }];
  });
  const read = await inParallel(wanted, async (one) => {
    try {
      return { ...one, images, annotation: parseVoc(await readText(one.file, declaredEncoding), one.file) };
    } catch (error) {
      if (error instanceof InputError) return error;
      throw error;
    }
  });
  return read.flatMap((part, i) => {
    if (!(part instanceof InputError)) return [part];
    const { line } = part.place;
    const place = { file: wanted[i]!.file, ...(line !== undefined && { line }) };
    faults.note('file', place, `${part.reason}; its image is left out`);
    return [];
  });
}

/** By the lists of `ImageSets/Main/`; where there are none, every image trains. */
async function splitsOf(root: string): Promise<(stem: string) => SplitName | undefined> {
  const splits = new Map<string, SplitName>();
  for (const split of SPLITS) {
    const list = join(root, 'ImageSets', 'Main', `${LISTS[split]}.txt`);
    if (!existsSync(list)) continue;
    for (const line of (await readText(list)).split(/\r?\n/)) {
      const [stem] = line.trim().split(/\s+/);
      if (stem !== undefined && stem !== '') splits.set(stem, split);
    }
  }
  return splits.size === 0 ? () => 'train' : (stem) => splits.get(stem);
}

/** Pixels count from 1 and a box includes its last ones: it begins one earlier and ends where the last pixel does. */
function boxesOf(
  { width, height, objects }: VocAnnotation,
  file: string,
  classes: readonly string[],
  faults: LabelFaults,
) {
  const collector = new BoxCollector(faults, classes.length);
  const labels = new Map(classes.map((name, label) => [name, label]));
  for (const { line, name, difficult, xmin, ymin, xmax, ymax } of objects) {
    if (difficult) {
      faults.note('difficult', { file, line }, 'the object is marked difficult; left out');
      continue;
    }
    const corners = { x1: (xmin - 1) / width, y1: (ymin - 1) / height, x2: xmax / width, y2: ymax / height };
    collector.add({ label: labels.get(name)!, ...corners }, { file, line });
  }
  return collector.boxes;
}

async function isPair(folder: string): Promise<boolean> {
  if (![ANNOTATIONS, IMAGES].every((name) => existsSync(join(folder, name)))) return false;
  return (await readdir(join(folder, ANNOTATIONS))).some((name) => extname(name) === '.xml');
}

/** Annotations beside their images, as LabelImg leaves them. */
async function isBeside(folder: string): Promise<boolean> {
  const names = await readdir(folder);
  const annotated = new Set(names.filter((name) => extname(name) === '.xml').map((name) => basename(name, '.xml')));
  return names.some((name) => isImageName(name) && annotated.has(basename(name, extname(name))));
}

/** `train/` with pairs or with annotations beside their images. */
async function trainFolderOf(root: string): Promise<string | undefined> {
  const folder = join(root, 'train');
  if (!existsSync(folder) || !(await stat(folder)).isDirectory()) return undefined;
  if (await isPair(folder)) return folder;
  return (await readdir(folder)).some((name) => extname(name) === '.xml') ? folder : undefined;
}
