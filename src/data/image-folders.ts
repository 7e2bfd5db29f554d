/** Where images of a dataset lie that are not in its own folder: `data.yaml` and lists may name any. */
import { dirname, isAbsolute, relative, sep } from 'node:path';
import { SPLITS } from '../shared/dataset-report.ts';
import type { AnyDataset } from './dataset.ts';

/** A dataset is put together of some dozen folders at most; images of more are trained on, but not shown. */
const MAX_FOLDERS = 100;

/** The outermost of them, in the order of the images; never a whole file system. */
export function foldersOutside({ root, splits }: Pick<AnyDataset, 'root' | 'splits'>): string[] {
  const all = new Set<string>();
  for (const split of SPLITS) for (const { path } of splits[split]) all.add(dirname(path));
  const outside = new Set([...all].filter((folder) => !isWithin(folder, root) && dirname(folder) !== folder));
  return [...outside]
    .filter((folder) => !parentsOf(folder).some((parent) => outside.has(parent)))
    .slice(0, MAX_FOLDERS);
}

function parentsOf(folder: string): string[] {
  const parent = dirname(folder);
  return parent === folder ? [] : [parent, ...parentsOf(parent)];
}

function isWithin(folder: string, other: string): boolean {
  const way = relative(other, folder);
  return !isAbsolute(way) && way.split(sep)[0] !== '..';
}
