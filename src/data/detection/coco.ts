/**
 * A detection dataset in COCO's form: a JSON file for each split, of images, categories and annotations. Found as COCO lays it out
 * (`annotations/instances_train2017.json`, images in `train2017/` or `images/train2017/`) and as Roboflow does
 * (`train/_annotations.coco.json` beside its images).
 */
import { existsSync } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import * as z from 'zod';
import { readJson } from '../../formats/json.ts';
import { printable } from '../../formats/printable.ts';
import { type Finding, type SplitName, SPLITS } from '../../shared/dataset-report.ts';
import { InputError } from '../../shared/errors.ts';
import {
  type DatasetKind,
  type DetectionSample,
  MAX_CLASSES,
  MAX_SAMPLES,
  type OpenOptions,
  type ReadDataset,
} from '../dataset.ts';
import { BoxCollector } from './boxes.ts';
import { withHeldOut } from './hold-out.ts';
import { ImageIndex } from './image-index.ts';
import { LabelFaults } from './label-faults.ts';

/** COCO's own 118 000 training images take 448 MB; a string of more than half a gigabyte cannot be. */
const MAX_COCO_BYTES = 500 * 2 ** 20;
const BESIDE = '_annotations.coco.json';
/** One file for all images, as CVAT and Label Studio write it. */
const WHOLE = [join('annotations', 'instances_default.json'), 'result.json'];
const SPLIT_NAMES: Readonly<Record<SplitName, RegExp>> = {
  train: /^(instances_)?train/i,
  validation: /^(instances_)?val/i,
  test: /^(instances_)?test/i,
};

const id = z.union([z.number(), z.string()], { error: 'must be a number' });
const side = z
  .number('must be the pixels of the image')
  .positive({ error: 'must be the pixels of the image, more than 0' });
const schema = z.object(
  {
    images: z
      .array(z.object({ id, file_name: z.string('must be the name of an image'), width: side, height: side }))
      .max(MAX_SAMPLES, `more than ${MAX_SAMPLES} images`),
    categories: z.array(z.object({ id, name: z.string('must be text') }), 'must be a list').max(MAX_CLASSES),
    annotations: z.array(
      z.object({
        id: id.optional(),
        image_id: id,
        category_id: id,
        bbox: z.array(z.number('must be a number of pixels'), 'must be [x, y, width, height] in pixels').nullish(),
        iscrowd: z.union([z.number(), z.boolean()]).nullish(),
      }),
      'must be a list',
    ),
  },
  { error: 'is no COCO file: it needs images, categories and annotations' },
);
type Coco = z.infer<typeof schema>;

export const coco: DatasetKind = {
  name: 'coco',
  task: 'detection',
  looksFor: 'annotations/instances_*.json or train/_annotations.coco.json (object detection)',

  async recognise(path) {
    return (await stat(path)).isDirectory() && (await filesOf(path)).train !== undefined;
  },

  async partOf(path) {
    const folder = (await stat(path)).isDirectory() ? path : dirname(path);
    const around = dirname(folder);
    if (!/^(annotations|images|train|val|valid|test)/i.test(basename(folder))) return undefined;
    return (await this.recognise(around)) ? around : undefined;
  },

  async read(root, options) {
    const files = await filesOf(root);
    const parts = SPLITS.map((split) => {
      const file = files[split];
      return { split, file, content: file && readJson(file, schema, { maxBytes: MAX_COCO_BYTES }) };
    });
    const classes = classesOf(parts.flatMap(({ content }) => (content ? [content] : [])));
    const faults = new LabelFaults();
    const fatal: Finding[] = [];
    const samples: Record<SplitName, DetectionSample[]> = { train: [], validation: [], test: [] };
    let [images, rows] = [0, 0];
    for (const { split, file, content } of parts) {
      if (!file || !content) continue;
      const index = await ImageIndex.open(imageFolders(root, file));
      samples[split] = samplesOf(content, file, index, classes, faults);
      images += content.images.length;
      rows += content.annotations.length;
    }
    return assemble(root, [...classes.values()], samples, faults, { images, rows }, fatal, options);
  },
};

function assemble(
  root: string,
  classes: readonly string[],
  samples: Readonly<Record<SplitName, DetectionSample[]>>,
  faults: LabelFaults,
  counts: { images: number; rows: number },
  fatal: readonly Finding[],
  options: OpenOptions,
): ReadDataset {
  const found = faults.findings({ ...counts, root });
  const dataset = { task: 'detection', kind: coco.name, root, classes, leftOut: found.warnings } as const;
  return { dataset: { ...dataset, ...withHeldOut(samples, options) }, fatal: [...fatal, ...found.fatal] };
}

/** The annotation file of each split. */
async function filesOf(root: string): Promise<Partial<Record<SplitName, string>>> {
  const inside = join(root, 'annotations');
  const named = existsSync(inside)
    ? (await readdir(inside)).filter((name) => extname(name) === '.json').map((name) => join(inside, name))
    : [];
  const beside = (await readdir(root)).map((name) => join(root, name, BESIDE)).filter((file) => existsSync(file));
  const whole = WHOLE.map((name) => join(root, name)).find((file) => existsSync(file));
  return Object.fromEntries(
    SPLITS.flatMap((split) => {
      const fits = (text: string): boolean => SPLIT_NAMES[split].test(text);
      const file =
        beside.find((candidate) => fits(basename(dirname(candidate)))) ??
        named.sort().find((candidate) => fits(basename(candidate))) ??
        (split === 'train' ? whole : undefined);
      return file === undefined ? [] : [[split, file]];
    }),
  );
}

/** Where the images of an annotation file may lie. */
function imageFolders(root: string, file: string): string[] {
  if (basename(file) === BESIDE) return [dirname(file)];
  const name = basename(file, '.json').replace(/^instances_/, '');
  const candidates = [join(root, name), join(root, 'images', name), join(root, 'images')];
  const there = candidates.find((folder) => existsSync(folder));
  if (there === undefined)
    throw new InputError(`its images are missing; looked for ${candidates.join(', ')}`, { file });
  return [there];
}

/** By the id of a category, in the order of the ids: COCO's leave gaps. */
function classesOf(files: readonly Coco[]): ReadonlyMap<string, string> {
  const names = new Map<string, string>();
  for (const { categories } of files)
    for (const category of categories) names.set(String(category.id), printable(category.name));
  const order = [...names].sort(([a], [b]) => a.localeCompare(b, 'en', { numeric: true }));
  return new Map(order);
}

function samplesOf(
  { images, annotations }: Coco,
  file: string,
  index: ImageIndex,
  classes: ReadonlyMap<string, string>,
  faults: LabelFaults,
): DetectionSample[] {
  const labels = new Map([...classes.keys()].map((key, label) => [key, label]));
  const collected = new Map<string, { boxes: BoxCollector; image: Coco['images'][number] }>();
  for (const image of images) {
    const key = String(image.id);
    if (collected.has(key))
      faults.note(
        'file',
        { file },
        `image ${printable(image.file_name)} has the id ${printable(key)} of another; left out`,
      );
    else collected.set(key, { boxes: new BoxCollector(faults, classes.size), image });
  }
  for (const [i, { id: own, image_id, category_id, bbox, iscrowd }] of annotations.entries()) {
    const place = { file };
    const what = `annotation ${own === undefined ? `number ${i + 1}` : printable(String(own))}`;
    const there = collected.get(String(image_id));
    const label = labels.get(String(category_id));
    if (there === undefined)
      faults.note('row', place, `${what} is of image ${printable(String(image_id))}, which there is not; left out`);
    else if (label === undefined)
      faults.note(
        'row',
        place,
        `${what} has the category ${printable(String(category_id))}, which there is not; left out`,
      );
    else if (bbox?.length !== 4) faults.note('row', place, `${what} has no bbox of 4 numbers; left out`);
    else if (iscrowd === 1 || iscrowd === true) faults.note('crowd', place, `${what} is a crowd; left out`);
    else {
      const [x, y, wide, high] = bbox as [number, number, number, number];
      const { width, height, file_name } = there.image;
      const box = { label, x1: x / width, y1: y / height, x2: (x + wide) / width, y2: (y + high) / height };
      there.boxes.add(box, { file: index.find(file_name) ?? file });
    }
  }
  return [...collected.values()].flatMap(({ boxes, image }) => {
    const path = index.find(image.file_name);
    if (path !== undefined) return [{ path, boxes: boxes.boxes }];
    faults.note('file', { file }, `there is no image ${printable(image.file_name)}; left out`);
    return [];
  });
}
