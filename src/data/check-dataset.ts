/** Tells whether a dataset is ready to be trained on, and everything a person should know about it before. */
import { resolve } from 'node:path';
import type { DatasetReport, Finding, Findings } from '../shared/dataset-report.ts';
import { InputError } from '../shared/errors.ts';
import { trainingSchema } from '../shared/job.ts';
import { countClasses, imbalanceOf } from './class-counts.ts';
import type { AnyDataset } from './dataset.ts';
import { boxStatistics, countShown } from './detection/judge-boxes.ts';
import { judgeSizes } from './detection/judge-sizes.ts';
import { faultOf } from './faults.ts';
import { judgeImages } from './judge-images.ts';
import { judgeDataset, readDataset } from './open-dataset.ts';
import { openImages, type OpenImagesOptions } from './open-images.ts';

export interface CheckOptions extends OpenImagesOptions {
  /** Opens every image; without it only names are looked at. */
  readonly deep?: boolean;
}

/** Faults of the dataset are in the report, not thrown. Throws the signal's reason when it is aborted. */
export async function checkDataset(source: string | AnyDataset, options: CheckOptions = {}): Promise<DatasetReport> {
  const read = typeof source === 'string' ? await readPath(source) : { dataset: source, ...judgeDataset(source) };
  if (read instanceof InputError) return noDataset(resolve(source as string), read);
  const { dataset, ...findings } = read;
  const opened = options.deep === true ? await openImages(dataset, options) : null;
  const images = opened === null ? null : judgeImages(dataset, opened);
  const sizes = opened === null || dataset.task !== 'detection' ? [] : judgeSizes(dataset, opened);
  const fatal = [...findings.fatal, ...(images?.fatal ?? [])];
  const { train, validation, test } = dataset.splits;
  const classes = dataset.task === 'detection' ? countShown(dataset) : countClasses(dataset);
  return {
    ready: fatal.length === 0,
    fatal,
    warnings: [...findings.warnings, ...(images?.warnings ?? []), ...sizes],
    root: dataset.root,
    kind: dataset.kind,
    task: dataset.task,
    splitSource: dataset.splitSource,
    classes,
    counts: { train: train.length, validation: validation.length, test: test.length },
    boxes: dataset.task === 'detection' ? boxStatistics(dataset) : null,
    imbalance: imbalanceOf(classes),
    images: images?.statistics ?? null,
  };
}

async function readPath(path: string): Promise<(Findings & { readonly dataset: AnyDataset }) | InputError> {
  const { validationShare, seed } = trainingSchema.parse({});
  try {
    return await readDataset(path, { validationShare, seed });
  } catch (error) {
    if (error instanceof InputError) return error;
    throw error;
  }
}

function noDataset(root: string, error: InputError): DatasetReport {
  const fault: Finding = faultOf(error, error.place.file ?? root);
  return {
    ready: false,
    fatal: [fault],
    warnings: [],
    root,
    kind: null,
    task: null,
    splitSource: null,
    classes: [],
    counts: { train: 0, validation: 0, test: 0 },
    boxes: null,
    imbalance: null,
    images: null,
  };
}
