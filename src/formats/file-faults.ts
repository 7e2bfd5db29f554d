/** What the operating system says of a file, in the words of a person who has to do something about it. */
import { join, relative } from 'node:path';
import { InputError } from '../shared/errors.ts';

const FAULTS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or folder',
  ENOTDIR: 'a part of this path is a file, not a folder',
  EEXIST: 'something of this name is already there',
  ENOTEMPTY: 'the folder is not empty',
  EISDIR: 'is a folder, not a file',
  EACCES: 'no permission; check the rights of the file and its folder',
  EPERM: 'not permitted; check the rights of the file and its folder, and that no program holds it open',
  EROFS: 'the file system is read-only; choose another folder',
  ENOSPC: 'the disk is full; free some space and try again',
  EDQUOT: 'the disk quota is used up; free some space and try again',
  EFBIG: 'the file is too large for this file system',
  ENAMETOOLONG: 'the name is too long for this file system',
  ELOOP: 'too many symbolic links',
  EBUSY: 'in use by another program',
  EIO: 'the disk reports a read or write error',
};

/** An `InputError` at `path` when the operating system refused it for a reason the user can act on; else the error itself. */
export function fileFault(error: unknown, path: string): unknown {
  const fault = FAULTS[codeOf(error) ?? ''];
  return fault === undefined ? error : new InputError(fault, { file: path });
}

/** The fault of something below `staged` that was to lie below `place`: told of there, since `staged` is gone when it is read. */
export function faultInPlace(error: unknown, staged: string, place: string): unknown {
  if (!(error instanceof InputError) || error.place.file === undefined) return error;
  const way = relative(staged, error.place.file);
  return way.startsWith('..') ? error : new InputError(error.reason, { ...error.place, file: join(place, way) });
}

/** The code of a system error, for instance `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}
