/** Where the files of a base lie: a Hugging Face directory is copied from them, beyond what a graph holds. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Base } from '../models/base.ts';
import { locateAgain } from '../models/locate-base.ts';
import { InputError } from '../shared/errors.ts';

/** Throws InputError for a base that is no Hugging Face directory, or cannot be found again. */
export async function folderOf({ name, family, identity }: Base): Promise<string> {
  if (family === 'onnx')
    throw new InputError(`the base ${name} is an ONNX file, so it has no Hugging Face directory; write ONNX`);
  const folder = await locateAgain(identity);
  if (!existsSync(join(folder, 'config.json')))
    throw new InputError('the files of this base are not here any more; name its folder', { file: folder });
  return folder;
}
