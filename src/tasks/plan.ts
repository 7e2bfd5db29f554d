import { freemem, totalmem } from 'node:os';
import { planJob } from '../trainer/plan.ts';
import type { Task } from './task.ts';

export const plan: Task<'plan'> = async ({ job }) => {
  const { modules, task, imageSize, ...planned } = await planJob(job);
  return { plan: planned, task, imageSize, modules, memory: { total: totalmem(), free: freemem() } };
};
