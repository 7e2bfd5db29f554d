/** Finds out which kind of dataset a path holds, reads it, and judges what every kind must have. */
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileFault } from '../formats/file-faults.ts';
import type { Findings } from '../shared/dataset-report.ts';
import { InputError } from '../shared/errors.ts';
import { judgeClasses } from './class-counts.ts';
import type { Dataset, DatasetKind, OpenOptions } from './dataset.ts';
import { DATASET_KINDS } from './kinds.ts';

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
  const { dataset, fatal } = await kind.read(root, options);
  // A fault of the layout explains the counts that follow from it.
  const judged = judgeDataset(dataset);
  return { dataset, fatal: fatal.length > 0 ? fatal : judged.fatal, warnings: judged.warnings };
}

/** What is wrong with a dataset by its list of samples alone. */
export function judgeDataset(dataset: Dataset): Findings {
  const { fatal, warnings } = judgeClasses(dataset);
  return { fatal, warnings: [...dataset.leftOut, ...warnings] };
}

async function kindOf(path: string): Promise<DatasetKind | undefined> {
  for (const kind of DATASET_KINDS) if (await kind.recognise(path)) return kind;
  return undefined;
}

/** The dataset that a path is only a part of; undefined where it is none. */
export async function wholeOf(path: string): Promise<string | undefined> {
  for (const kind of DATASET_KINDS) {
    const whole = await kind.partOf?.(path);
    if (whole !== undefined) return whole;
  }
  return undefined;
}

async function noDataset(path: string): Promise<string> {
  const whole = await wholeOf(path);
  if (whole !== undefined) return `seems to be a part of the dataset ${whole}; choose that folder`;
  return `no dataset here; looked for ${DATASET_KINDS.map(({ looksFor }) => looksFor).join('; or ')}`;
}
