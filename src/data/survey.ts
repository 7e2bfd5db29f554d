/** Which dataset a person means who chose a folder or a file, told by names alone: it must answer at once, whatever the folder's size. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { dirname, extname, join, resolve } from 'node:path';
import { fileFault } from '../formats/file-faults.ts';
import type { SurveyResult } from '../shared/protocol/results.ts';
import { checkDataset } from './check-dataset.ts';
import { DATASET_KINDS } from './kinds.ts';
import { wholeOf } from './open-dataset.ts';

/** What the tools of object detection write beside a dataset. */
const DETECTION_FILES = ['data.yaml', 'data.yml'];
const SPLIT_FOLDERS = ['.', 'train', 'val', 'valid', 'test'];

/** Throws an `InputError` where there is no such file or folder. */
export async function survey(given: string): Promise<SurveyResult> {
  const path = resolve(given);
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      throw fileFault(error, path);
    },
  );
  const folder = isFolder ? path : dirname(path);
  const isYaml = !isFolder && ['.yaml', '.yml'].includes(extname(path).toLowerCase());
  const own = await checkDataset(folder);
  const whole = own.kind === null ? await wholeOf(folder) : undefined;
  if (isYaml || isDetection(folder) || (whole !== undefined && isDetection(whole))) {
    return none(
      path,
      'This is a dataset for object detection (boxes), which Lowrank cannot train on yet. For now it takes',
    );
  }
  if (own.kind !== null) {
    return isFolder ? { kind: 'dataset', path, report: own } : { kind: 'part', path, whole: folder, report: own };
  }
  if (whole !== undefined) {
    const report = await checkDataset(whole);
    if (report.kind !== null) return { kind: 'part', path, whole, report };
  }
  return none(path, 'No dataset here. Lowrank looked for');
}

/** images/ beside labels/, in the folder itself or in its splits, or the file that describes such a dataset. */
function isDetection(folder: string): boolean {
  return (
    DETECTION_FILES.some((name) => existsSync(join(folder, name))) ||
    SPLIT_FOLDERS.some((split) => ['images', 'labels'].every((part) => existsSync(join(folder, split, part))))
  );
}

function none(path: string, start: string): SurveyResult {
  const lookedFor = DATASET_KINDS.map(({ looksFor }) => looksFor);
  return { kind: 'none', path, message: `${start} ${lookedFor.join('; or ')}.`, lookedFor };
}
