import { survey as surveyPath } from '../data/survey.ts';
import type { Task } from './task.ts';

export const survey: Task<'survey'> = ({ path }) => surveyPath(path);
