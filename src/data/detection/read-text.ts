/** Small text files of a dataset, many at a time. */
import { readFile, stat } from 'node:fs/promises';
import { fileFault } from '../../formats/file-faults.ts';
import { printable } from '../../formats/printable.ts';
import { decodeText } from '../../formats/text.ts';
import { InputError } from '../../shared/errors.ts';

/** Ten thousand boxes take half a megabyte; outlines more. */
const MAX_TEXT_BYTES = 16 * 2 ** 20;
/** Files that are read at the same time: file systems answer several as fast as one. */
const PARALLEL = 32;

/** `declared` finds the encoding that a text names. Throws an `InputError` where it cannot be read. */
export async function readText(path: string, declared?: (bytes: Uint8Array) => string | undefined): Promise<string> {
  try {
    const found = await stat(path);
    if (!found.isFile()) throw new InputError('is not a file', { file: path });
    if (found.size > MAX_TEXT_BYTES)
      throw new InputError(`${found.size} bytes; at most ${MAX_TEXT_BYTES} are read`, { file: path });
    const bytes = await readFile(path);
    return decodeText(bytes, path, declared?.(bytes));
  } catch (error) {
    throw fileFault(error, path);
  }
}

/** A class a line, lines at the end that are empty apart. */
export async function readClassList(path: string): Promise<string[]> {
  const classes = (await readText(path)).split(/\r?\n/).map((line) => line.trim());
  while (classes.at(-1) === '') classes.pop();
  return classes.map((name) => printable(name));
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
