/** Where the files of a base lie: a Hugging Face directory is copied from them, beyond what a graph holds. */
import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import type { Base } from '../models/base.ts';
import { resolveHub } from '../models/hub.ts';
import { InputError } from '../shared/errors.ts';

/** Throws InputError for a base that is no Hugging Face directory, or cannot be found again. */
export async function folderOf({ name, family, identity: { source, revision } }: Base): Promise<string> {
  if (family === 'onnx')
    throw new InputError(`the base ${name} is an ONNX file, so it has no Hugging Face directory; write ONNX`);
  // The cache that openBase fills.
  const cacheDir = join(process.env['LOWRANK_CACHE'] ?? join(homedir(), '.cache', 'lowrank'), 'hub');
  const folder = source.startsWith('hf:')
    ? await resolveHub(revision === undefined ? source : `${source}@${revision}`, { cacheDir })
    : source;
  if (!existsSync(join(folder, 'config.json')))
    throw new InputError('the files of this base are not here; name its folder', { file: source });
  return folder;
}
