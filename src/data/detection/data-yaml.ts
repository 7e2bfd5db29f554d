/**
 * `data.yaml`, in which Ultralytics' tools describe a detection dataset: `names` (a list, or a mapping from numbers), `path`, and for each
 * split a folder of images, a text file that lists images, or several of these.
 */
import { existsSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { printable } from '../../formats/printable.ts';
import { readYaml } from '../../formats/yaml.ts';
import { type SplitName } from '../../shared/dataset-report.ts';
import { InputError } from '../../shared/errors.ts';
import { MAX_CLASSES } from '../dataset.ts';
import { spellings } from './foreign-path.ts';

const MAX_NAME = 200;
/** A dataset is put together of some dozen folders at most. */
const MAX_PLACES = 1000;

const NC = `must be the number of classes, 1 to ${MAX_CLASSES}`;
const name = z
  .union([z.string(), z.number(), z.boolean()], { error: 'a class name must be text' })
  .transform((value) => printable(String(value)).slice(0, MAX_NAME));
const places = z
  .union([z.string(), z.array(z.string()).max(MAX_PLACES), z.null()], {
    error: 'must be a folder, a text file that lists images, or a list of these',
  })
  .transform((value) => (value === null ? [] : [value].flat()));
const schema = z.looseObject(
  {
    path: z.string({ error: 'must be the folder of the dataset' }).nullish(),
    train: places.optional(),
    val: places.optional(),
    valid: places.optional(),
    test: places.optional(),
    nc: z.int({ error: NC }).positive({ error: NC }).max(MAX_CLASSES, { error: NC }).optional(),
    kpt_shape: z.array(z.int().nonnegative()).length(2).optional().catch(undefined),
    names: z
      .union([z.array(name).max(MAX_CLASSES), z.record(z.string(), name)], {
        error: 'must be a list of class names, or a mapping from 0, 1, … to them',
      })
      .optional(),
  },
  { error: 'is no description of a dataset: names and train are missing' },
);

export interface DataDescription {
  readonly classes: readonly string[];
  /** Folders and lists, absolute. */
  readonly splits: Readonly<Record<SplitName, readonly string[]>>;
  /** Numbers of key points behind each box; 0, or missing, where there are none. */
  readonly keyPoints?: number;
}

/** Throws an `InputError` naming file, line and field. */
export function readDataYaml(file: string): DataDescription {
  const { path, train, val, valid, test, nc, names, kpt_shape } = readYaml(file, schema);
  if (train === undefined || train.length === 0)
    throw new InputError('missing; name the folder of the training images', { file, field: 'train' });
  const root = rootOf(file, path ?? undefined);
  const found = (split: readonly string[] = []): string[] => split.map((place) => placeOf(place, root, file));
  return {
    classes: classesOf(file, names, nc),
    splits: { train: found(train), validation: found(val ?? valid), test: found(test) },
    keyPoints: (kpt_shape ?? []).reduce((product, count) => product * count, kpt_shape === undefined ? 0 : 1),
  };
}

function classesOf(file: string, names: z.infer<typeof schema>['names'], count: number | undefined): string[] {
  if (names === undefined) {
    if (count === undefined) throw new InputError('missing; list the class names', { file, field: 'names' });
    return Array.from({ length: count }, (_, label) => `class_${label}`);
  }
  const listed = Array.isArray(names) ? names : inOrder(file, names);
  if (listed.length === 0) throw new InputError('is empty; list the class names', { file, field: 'names' });
  if (count !== undefined && count !== listed.length)
    throw new InputError(`is ${count}, but ${listed.length} classes are named; correct one of them`, {
      file,
      field: 'nc',
    });
  return listed;
}

function inOrder(file: string, names: Readonly<Record<string, string>>): string[] {
  const keys = Object.keys(names);
  return keys.map((_, label) => {
    const own = names[label];
    if (own === undefined)
      throw new InputError(`${keys.length} classes, but none has the number ${label}; number them from 0`, {
        file,
        field: 'names',
      });
    return own;
  });
}

/** `path` is often that of another machine: then the dataset is where its description lies. */
function rootOf(file: string, path: string | undefined): string {
  const folder = dirname(file);
  const roots = spellings(path ?? '.').map((spelled) => resolve(folder, spelled));
  return roots.find((root) => existsSync(root)) ?? folder;
}

/** Roboflow writes `../train/images` and means `train/images`, which Ultralytics' tools put up with. */
function placeOf(place: string, root: string, file: string): string {
  if (/^https?:\/\//i.test(place))
    throw new InputError(`${printable(place)} is an address; download it, and name the folder`, { file });
  const tried = [root, dirname(file)].flatMap((start) =>
    spellings(place).flatMap((spelled) => [
      resolve(start, spelled),
      ...(spelled.startsWith('../') ? [join(start, spelled.slice(3))] : []),
    ]),
  );
  return tried.find((candidate) => existsSync(candidate)) ?? tried[0]!;
}
