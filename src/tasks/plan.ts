import { freemem, totalmem } from 'node:os';
import { planJob } from '../trainer/plan.ts';
import type { Task } from './task.ts';

export const plan: Task<'plan'> = async ({ job }) => {
  const { modules, ...planned } = await planJob(job);
  return { plan: planned, modules, memory: { total: totalmem(), free: freemem() } };
};
