/** Finds out which kind of dataset a path holds, reads it, and judges what every kind must have. */
import { stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { fileFault } from '../formats/file-faults.ts';
import { InputError } from '../shared/errors.ts';
import { judgeClasses } from './class-counts.ts';
import type { Dataset, DatasetKind, Findings, OpenOptions } from './dataset.ts';
import { DATASET_KINDS } from './kinds.ts';

/** How far above a wrongly chosen folder the dataset is looked for: `dataset/train/cat/images`. */
const MAX_LEVELS_UP = 3;

/** Opens a dataset without opening an image. Throws an `InputError` naming the first reason not to train on it. */
export async function openDataset(path: string, options: OpenOptions): Promise<Dataset> {
  const { dataset, fatal } = await readDataset(path, options);
  const [first] = fatal;
  if (first !== undefined) throw new InputError(first.message, { file: first.file });
  return dataset;
}

/** The dataset with all that is wrong with its structure. Throws an `InputError` where `path` holds none. */
export async function readDataset(path: string, options: OpenOptions): Promise<Findings & { dataset: Dataset }> {
  const root = resolve(path);
  try {
    await stat(root);
  } catch (error) {
    throw fileFault(error, root);
  }
  const kind = await kindOf(root);
  if (kind === undefined) throw new InputError(await noDataset(root), { file: root });
  const { dataset, fatal, warnings } = await kind.read(root, options);
  const judged = judgeClasses(dataset);
  // A fault of the layout explains the counts that follow from it.
  return { dataset, fatal: fatal.length > 0 ? fatal : judged.fatal, warnings: [...warnings, ...judged.warnings] };
}

async function kindOf(path: string): Promise<DatasetKind | undefined> {
  for (const kind of DATASET_KINDS) if (await recognises(kind, path)) return kind;
  return undefined;
}

/** A folder that cannot be read is of no kind; `read` tells why where it matters. */
async function recognises(kind: DatasetKind, path: string): Promise<boolean> {
  try {
    return await kind.recognise(path);
  } catch (error) {
    if (error instanceof InputError) return false;
    throw error;
  }
}

async function noDataset(path: string): Promise<string> {
  let above = path;
  for (let level = 0; level < MAX_LEVELS_UP; level++) {
    above = dirname(above);
    if ((await kindOf(above)) !== undefined) return `seems to be a part of the dataset ${above}; choose that folder`;
  }
  return `no dataset here; looked for ${DATASET_KINDS.map(({ looksFor }) => looksFor).join('; or ')}`;
}
