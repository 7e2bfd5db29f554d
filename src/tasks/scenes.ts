import { scenesOf } from '../data/detection/scenes.ts';
import type { Task } from './task.ts';

export const scenes: Task<'scenes'> = async ({ path, count, side }) => ({
  scenes: await scenesOf(path, { count, side }),
});
