import { resolve } from 'node:path';
import { SAMPLE_CLASSES } from '../../data/sample-shapes.ts';
import { writeSample } from '../../data/sample.ts';
import { InputError } from '../../shared/errors.ts';
import { formatInteger } from '../../shared/format.ts';
import { defineCommand } from '../command.ts';
import { number, one, withDefault } from '../parameters.ts';
import { quoted } from '../shell.ts';

/** A sample, not a store: more would only fill the disk. */
const MAX_IMAGES_PER_CLASS = 10_000;

export const sample = defineCommand({
  name: 'sample',
  summary: 'Write the sample dataset: drawings of shapes, in class folders',
  examples: ['sample ./sample', 'sample ./small --train 10 --validation 5'],
  positionals: { folder: one('A new or empty folder') },
  flags: {
    train: withDefault(number('<n>', 'Training images of each class'), 60),
    validation: withDefault(number('<n>', 'Validation images of each class'), 25),
    seed: withDefault(number('<n>', 'Another seed draws other images'), 0),
  },
  async run({ folder, train, validation, seed }) {
    for (const [field, images] of [
      ['--train', train],
      ['--validation', validation],
    ] as const) {
      if (!Number.isInteger(images) || images < 1 || images > MAX_IMAGES_PER_CLASS)
        throw new InputError(`must be a whole number from 1 to ${MAX_IMAGES_PER_CLASS}, not ${images}`, { field });
    }
    if (!Number.isSafeInteger(seed)) throw new InputError(`must be a whole number, not ${seed}`, { field: '--seed' });
    await writeSample(folder, { train, validation, seed });
    const classes = SAMPLE_CLASSES.length;
    const counts = { train: train * classes, validation: validation * classes };
    return {
      json: { folder: resolve(folder), classes: [...SAMPLE_CLASSES], images: counts },
      lines: () => [
        `wrote ${formatInteger(counts.train)} training and ${formatInteger(counts.validation)} validation images ` +
          `of ${classes} classes to ${folder}`,
        `next: lowrank train --data ${quoted(folder)} --base sample`,
      ],
    };
  },
});
