/** The images that files and folders on a command line, or in an editor, mean. */
import { stat } from 'node:fs/promises';
import { fileFault } from '../formats/file-faults.ts';
import { InputError } from '../shared/errors.ts';
import { FolderReader } from './folder-entries.ts';

/** Files as they are named; of folders every image at any depth. Throws an `InputError` where there is none. */
export async function imageFiles(paths: readonly string[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const isFolder = await stat(path).then(
      (found) => found.isDirectory(),
      (error: unknown) => {
        throw fileFault(error, path);
      },
    );
    const found = isFolder ? (await (await FolderReader.open(path)).images(path)).map((image) => image.path) : [path];
    if (found.length === 0) throw new InputError('no image in this folder', { file: path });
    for (const file of found) files.push(file);
  }
  return files;
}
