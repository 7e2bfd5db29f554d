/** Finds out which kind of dataset a path holds, reads it, and judges what every kind must have. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { fileFault } from '../formats/file-faults.ts';
import type { Findings } from '../shared/dataset-report.ts';
import { InputError } from '../shared/errors.ts';
import { judgeClasses } from './class-counts.ts';
import type { AnyDataset, Dataset, DatasetKind, DetectionDataset, OpenOptions } from './dataset.ts';
import { judgeBoxes } from './detection/judge-boxes.ts';
import { DATASET_KINDS, LOOKED_FOR } from './kinds.ts';

/** Opens a dataset of images with a class each. Throws an `InputError` naming the first reason not to train on it. */
export async function openDataset(path: string, options: OpenOptions): Promise<Dataset> {
  const dataset = await openAnyDataset(path, options);
  if (dataset.task === 'classification') return dataset;
  throw new InputError('a dataset of boxes; a classifier needs a folder for each class', { file: dataset.root });
}

/** The same of images with boxes. */
export async function openDetection(path: string, options: OpenOptions): Promise<DetectionDataset> {
  const dataset = await openAnyDataset(path, options);
  if (dataset.task === 'detection') return dataset;
  throw new InputError('a dataset of classes without boxes; a detector needs data.yaml and label files', {
    file: dataset.root,
  });
}

/** Throws an `InputError` naming the first reason not to train on it. */
export async function openAnyDataset(path: string, options: OpenOptions): Promise<AnyDataset> {
  const { dataset, fatal } = await readDataset(path, options);
  const [first] = fatal;
  if (first !== undefined) {
    const { file, line, message } = first;
    throw new InputError(message, { file, ...(line !== undefined && { line }) });
  }
  return dataset;
}

/** The dataset with all that is wrong with its structure. Throws an `InputError` where `path` holds none. */
export async function readDataset(path: string, options: OpenOptions): Promise<Findings & { dataset: AnyDataset }> {
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

/** What a path is labelled for, by a cheap look; null where it holds no dataset. */
export async function taskOfDataset(path: string): Promise<AnyDataset['task'] | null> {
  const root = resolve(path);
  return existsSync(root) ? ((await kindOf(root))?.task ?? null) : null;
}

/** What is wrong with a dataset by its list of samples alone. */
export function judgeDataset(dataset: AnyDataset): Findings {
  const { fatal, warnings } = dataset.task === 'detection' ? judgeBoxes(dataset) : judgeClasses(dataset);
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
  return `no dataset here; looked for ${LOOKED_FOR.join('; or ')}`;
}
