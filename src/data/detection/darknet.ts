/** `obj.data`, in which Darknet and CVAT's "YOLO 1.1" describe a dataset: lines of `key = value`, the names of the classes in a file of their own. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { InputError } from '../../shared/errors.ts';
import type { DataDescription } from './data-yaml.ts';
import { spellings } from './foreign-path.ts';
import { readClassList, readText } from './read-text.ts';

/** Throws an `InputError` naming the file and what it lacks. */
export async function readObjData(file: string): Promise<DataDescription> {
  const lines = (await readText(file)).split(/\r?\n/).map((line) => line.split('=', 2).map((part) => part.trim()));
  const values = new Map(lines.flatMap(([key, value]) => (value ? [[key!, value] as const] : [])));
  const at = (key: string): string | undefined => {
    const value = values.get(key);
    return value === undefined ? undefined : placeOf(value, dirname(file));
  };
  const [names, train] = [at('names'), at('train')];
  if (names === undefined) throw new InputError('missing; name the file of the class names', { file, field: 'names' });
  if (train === undefined) throw new InputError('missing; name the list of the images', { file, field: 'train' });
  const listed = (key: string): string[] => [at(key) ?? []].flat().filter((place) => existsSync(place));
  return {
    classes: await readClassList(names),
    // CVAT names lists that it did not write.
    splits: { train: [train], validation: listed('valid'), test: listed('test') },
  };
}

function placeOf(path: string, folder: string): string {
  const tried = spellings(path).map((spelled) => resolve(folder, spelled));
  return tried.find((candidate) => existsSync(candidate)) ?? tried[0]!;
}
