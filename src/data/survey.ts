/** Which dataset a person means who chose a folder or a file, told by names and labels alone: no image is opened. */
import { stat } from 'node:fs/promises';
import { dirname, extname, resolve } from 'node:path';
import { fileFault } from '../formats/file-faults.ts';
import type { SurveyResult } from '../shared/protocol/results.ts';
import { checkDataset } from './check-dataset.ts';
import { LOOKED_FOR } from './kinds.ts';
import { wholeOf } from './open-dataset.ts';

/** Files that are a dataset themselves: what describes one. */
const DESCRIPTIONS = ['.yaml', '.yml'];

/** Throws an `InputError` where there is no such file or folder. */
export async function survey(given: string): Promise<SurveyResult> {
  const path = resolve(given);
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    (error: unknown) => {
      throw fileFault(error, path);
    },
  );
  const isDescription = !isFolder && DESCRIPTIONS.includes(extname(path).toLowerCase());
  const folder = isFolder || isDescription ? path : dirname(path);
  const own = await checkDataset(folder);
  // What has no class may be the part of a dataset that a description beside it completes.
  const whole = own.kind === null || own.classes.length === 0 ? await wholeOf(folder) : undefined;
  if (whole !== undefined) {
    const report = await checkDataset(whole);
    if (report.kind !== null) return { kind: 'part', path, whole, report };
  }
  if (own.kind !== null && folder === path) return { kind: 'dataset', path, report: own };
  if (own.kind !== null) return { kind: 'part', path, whole: folder, report: own };
  return {
    kind: 'none',
    path,
    message: `No dataset here. Lowrank looked for ${LOOKED_FOR.join('; or ')}.`,
    lookedFor: LOOKED_FOR,
  };
}
