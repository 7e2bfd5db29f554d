import { engineOptions } from '../engines/options.ts';
import type { Task } from './task.ts';

export const engines: Task<'engines'> = async () => ({ engines: await engineOptions() });
