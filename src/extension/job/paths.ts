/** Paths of a job: absolute while it is worked with, relative to its file where they lie below or beside it. */
import { dirname, isAbsolute, relative, resolve } from 'node:path';
import { kindOfBase } from '../../shared/base-name.ts';
import type { Job } from '../../shared/job.ts';

/** Names of bases that are no paths. */
export function isPath(base: string): boolean {
  return kindOfBase(base) === 'path';
}

export function absoluteJob(job: Job, directory: string): Job {
  const base = isPath(job.base) ? resolve(directory, job.base) : job.base;
  return { ...job, data: resolve(directory, job.data), base };
}

/** As one would write it in `file`; a path outside of the folder `root` stays absolute, since it moves with neither. */
export function relativeJob(job: Job, file: string, root: string): Job {
  const written = (path: string): string => {
    if (!isAbsolute(path) || !isWithin(path, root) || !isWithin(file, root)) return path;
    const inner = relative(dirname(file), path).replaceAll('\\', '/');
    return inner.startsWith('.') ? inner : `./${inner}`;
  };
  return { ...job, data: written(job.data), base: isPath(job.base) ? written(job.base) : job.base };
}

export function isWithin(path: string, root: string): boolean {
  const inner = relative(root, path);
  return inner === '' || (!inner.startsWith('..') && !isAbsolute(inner));
}
