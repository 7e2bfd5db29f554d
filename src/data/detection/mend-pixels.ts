/** Label files whose boxes stand in pixels, written anew in parts of their images, as every reader of the format expects them. */
import { existsSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { writeFileAtomic } from '../../formats/atomic-write.ts';
import { fileFault } from '../../formats/file-faults.ts';
import { SPLITS } from '../../shared/dataset-report.ts';
import { InputError } from '../../shared/errors.ts';
import { uprightSize } from '../image-size.ts';
import { readDataset } from '../open-dataset.ts';
import type { Size } from '../rectangle.ts';
import { isInPixels } from './label-text.ts';
import { labelsOf } from './label-path.ts';
import { readText } from './read-text.ts';

/** What a file was stays beside it under this ending. */
const KEPT = '.pixels';
/** Of a pixel in the largest images: a ten-thousandth. */
const DIGITS = 8;

export interface Mended {
  readonly files: number;
  readonly boxes: number;
}

/**
 * Mends the dataset of label files at `path`. A file is in pixels where a line of it is. Throws an `InputError` where that is no such dataset,
 * and for what cannot be read or written; what was mended before stays mended.
 */
export async function mendPixels(path: string): Promise<Mended> {
  const { dataset } = await readDataset(path, { validationShare: 0, seed: 0 });
  if (dataset.task !== 'detection' || dataset.kind !== 'yolo')
    throw new InputError('has no label files of YOLO, so there is nothing to mend', { file: dataset.root });
  const mended = { files: 0, boxes: 0 };
  // An image may be in two splits.
  for (const image of new Set(SPLITS.flatMap((split) => dataset.splits[split].map((sample) => sample.path)))) {
    const file = labelsOf(image);
    if (!existsSync(file)) continue;
    const lines = (await readText(file)).split(/\r\n|\r|\n/);
    if (!lines.some(isPixelLine)) continue;
    const size = await uprightSize(image);
    try {
      await copyFile(file, `${file}${KEPT}`);
    } catch (error) {
      throw fileFault(error, `${file}${KEPT}`);
    }
    const written = lines.map((line) => inParts(line, size));
    await writeFileAtomic(file, written.map((line, index) => line ?? lines[index]!).join('\n'));
    mended.files += 1;
    mended.boxes += written.filter((line) => line !== undefined).length;
  }
  return mended;
}

function isPixelLine(line: string): boolean {
  return isInPixels(numbersOf(line).slice(1));
}

function numbersOf(line: string): number[] {
  return line.trim().split(/\s+/).map(Number);
}

/** `class x y width height`, or an outline, in which every other number is across; undefined for a line that is neither. */
function inParts(line: string, { width, height }: Size): string | undefined {
  const [label, ...coordinates] = numbersOf(line);
  if (coordinates.length === 0 || !coordinates.every(Number.isFinite)) return undefined;
  const parts = coordinates.map((value, index) => Number((value / (index % 2 === 0 ? width : height)).toFixed(DIGITS)));
  return [label, ...parts].join(' ');
}
