import { resolve } from 'node:path';
import { checkDataset } from '../../data/check-dataset.ts';
import { writeDetectionSample } from '../../data/detection/sample.ts';
import { type SampleOptions, writeSample } from '../../data/sample.ts';
import { InputError } from '../../shared/errors.ts';
import { formatInteger } from '../../shared/format.ts';
import { defineCommand } from '../command.ts';
import { number, one, toggle } from '../parameters.ts';
import { quoted } from '../shell.ts';

/** A sample, not a store: more would only fill the disk. */
const MAX_IMAGES_PER_CLASS = 10_000;

export const sample = defineCommand({
  name: 'sample',
  summary: 'Write the sample dataset: drawings of shapes, in class folders or with boxes',
  examples: ['sample ./sample', 'sample ./small --train 10 --validation 5', 'sample ./boxes --boxes'],
  positionals: { folder: one('A new or empty folder') },
  flags: {
    boxes: toggle('Several shapes an image with a box each, as YOLO keeps them'),
    train: number('<n>', 'Training images of each class; with --boxes, of all'),
    validation: number('<n>', 'Validation images of each class; with --boxes, of all'),
    seed: number('<n>', 'Another seed draws other images'),
  },
  async run({ folder, boxes, train, validation, seed }) {
    const options: SampleOptions = {
      ...(train !== undefined && { train: checked('--train', train, 1, MAX_IMAGES_PER_CLASS) }),
      ...(validation !== undefined && { validation: checked('--validation', validation, 1, MAX_IMAGES_PER_CLASS) }),
      ...(seed !== undefined && { seed: checked('--seed', seed, 0, Number.MAX_SAFE_INTEGER) }),
    };
    await (boxes ? writeDetectionSample(folder, options) : writeSample(folder, options));
    const { classes, counts } = await checkDataset(folder);
    return {
      json: { folder: resolve(folder), classes: classes.map(({ name }) => name), images: counts },
      lines: () => [
        `wrote ${formatInteger(counts.train)} training and ${formatInteger(counts.validation)} validation images ` +
          `of ${classes.length} classes to ${folder}`,
        boxes ? `next: lowrank check ${quoted(folder)}` : `next: lowrank train --data ${quoted(folder)} --base sample`,
      ],
    };
  },
});

function checked(field: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InputError(`must be a whole number from ${least} to ${most}, not ${value}`, { field });
}
