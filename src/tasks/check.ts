import { checkDataset } from '../data/check-dataset.ts';
import type { Task } from './task.ts';

export const check: Task<'check'> = ({ path }, { progress, part }) =>
  checkDataset(path, { deep: true, onProgress: progress, onFault: part });
