import { findBases } from '../models/find-bases.ts';
import type { Task } from './task.ts';

export const bases: Task<'bases'> = ({ folders }) => findBases(folders);
