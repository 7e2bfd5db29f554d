import { resolve } from 'node:path';
import { checkDataset } from '../../data/check-dataset.ts';
import { writeDetectionSample } from '../../data/detection/sample.ts';
import type { DetectionSampleOptions } from '../../data/detection/sample.ts';
import { writeSample } from '../../data/sample.ts';
import { SAMPLE_DOMAINS } from '../../data/sample-image.ts';
import { SAMPLE_CLASSES } from '../../data/sample-shapes.ts';
import { InputError } from '../../shared/errors.ts';
import { formatInteger } from '../../shared/format.ts';
import { defineCommand } from '../command.ts';
import { UsageError } from '../exit-codes.ts';
import { number, one, text, toggle } from '../parameters.ts';
import { quoted } from '../shell.ts';

/** A sample, not a store: more would only fill the disk. */
const MAX_IMAGES_PER_CLASS = 10_000;

export const sample = defineCommand({
  name: 'sample',
  summary: 'Write the sample dataset: drawings of shapes, in class folders or with boxes',
  examples: [
    'sample ./sample',
    'sample ./small --train 10 --validation 5',
    'sample ./boxes --boxes',
    'sample ./clean --boxes --domain clean --classes circle,cross',
  ],
  positionals: { folder: one('A new or empty folder') },
  flags: {
    boxes: toggle('Several shapes an image with a box each, as YOLO keeps them'),
    train: number('<n>', 'Training images of each class; with --boxes, of all'),
    validation: number('<n>', 'Validation images of each class; with --boxes, of all'),
    test: number('<n>', 'Test images, with --boxes (default: none)'),
    seed: number('<n>', 'Another seed draws other images'),
    domain: text('<name>', 'clean, as the sample bases know the shapes, or shifted (the default); with --boxes'),
    classes: text('<names>', 'Which shapes, with commas between; with --boxes'),
  },
  async run({ folder, boxes, train, validation, test, seed, domain, classes: shapes }) {
    const counts = {
      ...(train !== undefined && { train: checked('--train', train, 1, MAX_IMAGES_PER_CLASS) }),
      ...(validation !== undefined && { validation: checked('--validation', validation, 1, MAX_IMAGES_PER_CLASS) }),
      ...(seed !== undefined && { seed: checked('--seed', seed, 0, Number.MAX_SAFE_INTEGER) }),
    };
    const ofBoxes = {
      ...(test !== undefined && { test: checked('--test', test, 0, MAX_IMAGES_PER_CLASS) }),
      ...(domain !== undefined && { domain: oneOf('--domain', domain, SAMPLE_DOMAINS) }),
      ...(shapes !== undefined && {
        classes: shapes.split(',').map((name) => oneOf('--classes', name.trim(), SAMPLE_CLASSES)),
      }),
    } satisfies DetectionSampleOptions;
    if (!boxes && Object.keys(ofBoxes).length > 0) {
      throw new UsageError('--test, --domain and --classes are for the sample with boxes; add --boxes');
    }
    await (boxes ? writeDetectionSample(folder, { ...counts, ...ofBoxes }) : writeSample(folder, counts));
    const { classes, counts: images } = await checkDataset(folder);
    return {
      json: { folder: resolve(folder), classes: classes.map(({ name }) => name), images },
      lines: () => [
        `wrote ${formatInteger(images.train)} training and ${formatInteger(images.validation)} validation images ` +
          `of ${classes.length} classes to ${folder}`,
        `next: lowrank train --data ${quoted(folder)} --base sample`,
      ],
    };
  },
});

function oneOf<T extends string>(field: string, name: string, known: readonly T[]): T {
  const found = known.find((candidate) => candidate === name);
  if (found !== undefined) return found;
  throw new InputError(`must be of ${known.join(', ')}, not "${name}"`, { field });
}

function checked(field: string, value: number, least: number, most: number): number {
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  throw new InputError(`must be a whole number from ${least} to ${most}, not ${value}`, { field });
}
