/** Small text files of a dataset, many at a time. */
import { readFile, stat } from 'node:fs/promises';
import { fileFault } from '../../formats/file-faults.ts';
import { InputError } from '../../shared/errors.ts';

/** Ten thousand boxes take half a megabyte; outlines more. */
const MAX_TEXT_BYTES = 16 * 2 ** 20;
/** Files that are read at the same time: file systems answer several as fast as one. */
const PARALLEL = 32;

/** Throws an `InputError` where it cannot be read. */
export async function readText(path: string): Promise<string> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new InputError('is not a file', { file: path });
    if (found.size > MAX_TEXT_BYTES)
      throw new InputError(`${found.size} bytes; at most ${MAX_TEXT_BYTES} are read`, { file: path });
    return (await readFile(path, 'utf8')).replace(/^\uFEFF/, '');
  } catch (error) {
    throw fileFault(error, path);
  }
}

/** `work` of each item, in the order of the items. */
export async function inParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await work(items[index]!);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, worker));
  return results;
}
