import { readdirSync } from 'node:fs';
import { InputError } from '../shared/errors.ts';
import { codeOf, fileFault } from './file-faults.ts';

/** What a folder that is to be written holds already: nothing where there is none. Throws an `InputError` where it is a file. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    switch (codeOf(error)) {
      case 'ENOENT':
        return [];
      case 'ENOTDIR':
        throw new InputError('is a file, or below one; name a new folder', { file: folder });
      default:
        throw fileFault(error, folder);
    }
  }
}
