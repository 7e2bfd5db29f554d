import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { InputError } from '../shared/errors.ts';
import { codeOf } from './file-faults.ts';

/**
 * Makes a folder with its parents; nothing where it is there. Not by `recursive`, which never returns where an existing folder takes no
 * folders and calls them missing (Node 20, /proc).
 */
export async function makeDirectory(directory: string): Promise<void> {
  const unlessThere = async (error: unknown): Promise<void> => {
    if (codeOf(error) !== 'EEXIST' || !(await stat(directory)).isDirectory()) throw error;
  };
  try {
    await mkdir(directory);
  } catch (error) {
    const parent = dirname(directory);
    if (codeOf(error) !== 'ENOENT' || parent === directory) return unlessThere(error);
    await makeDirectory(parent);
    await mkdir(directory).catch((again: unknown) => {
      if (codeOf(again) !== 'ENOENT') return unlessThere(again);
      throw new InputError('no folder can be made in it; choose another place', { file: parent });
    });
  }
}
