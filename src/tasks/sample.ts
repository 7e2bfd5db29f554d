import { resolve } from 'node:path';
import { checkDataset } from '../data/check-dataset.ts';
import { writeSample } from '../data/sample.ts';
import type { Task } from './task.ts';

export const sample: Task<'sample'> = async ({ out }) => {
  await writeSample(out);
  const { classes, counts } = await checkDataset(out);
  return { folder: resolve(out), classes: classes.map(({ name }) => name), images: counts };
};
