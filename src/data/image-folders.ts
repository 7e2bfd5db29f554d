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
  const outside = [...all].filter((folder) => !isWithin(folder, root) && dirname(folder) !== folder);
  const outermost = outside.filter((folder) => !outside.some((other) => other !== folder && isWithin(folder, other)));
  return outermost.slice(0, MAX_FOLDERS);
}

function isWithin(folder: string, other: string): boolean {
  const way = relative(other, folder);
  return !isAbsolute(way) && way.split(sep)[0] !== '..';
}
