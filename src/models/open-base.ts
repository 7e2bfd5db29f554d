/** A base by what the job calls it: `sample`, `hf:owner/name[@revision]`, a model folder, or an ONNX file. */
import { existsSync, statSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { InputError } from '../shared/errors.ts';
import type { Base } from './base.ts';
import { resolveHub } from './hub.ts';
import { openOnnx } from './onnx/open.ts';
import { openTransformers } from './transformers/open.ts';

const HUB = 'hf:';
const SAMPLE = 'sample';

/** `directory` is what relative paths start from. Throws InputError for what is no model, naming what was looked for. */
export async function openBase(name: string, directory = process.cwd()): Promise<Base> {
  if (name === SAMPLE) return { ...(await openTransformers(sampleBase(), { source: SAMPLE })), name: SAMPLE };
  if (name.startsWith(HUB)) {
    const [source, revision] = name.split('@');
    const folder = await resolveHub(name, { cacheDir: hubCache() });
    return await openFolder(folder, { source: source!, revision });
  }
  const path = resolve(directory, name);
  if (!existsSync(path)) {
    throw new InputError('no such model; give a folder with config.json, an .onnx file, hf:owner/name, or sample', {
      file: path,
    });
  }
  if (statSync(path).isDirectory()) return await openFolder(path, { source: path });
  if (path.endsWith('.onnx')) return await openOnnx(path, { source: path });
  throw new InputError('is neither a model folder nor an .onnx file', { file: path });
}

/** `LOWRANK_CACHE`, else where this system keeps what can be fetched again. */
function hubCache(): string {
  return join(process.env['LOWRANK_CACHE'] ?? join(homedir(), '.cache', 'lowrank'), 'hub');
}

interface Origin {
  readonly source: string;
  readonly revision?: string | undefined;
}

async function openFolder(folder: string, origin: Origin): Promise<Base> {
  if (existsSync(join(folder, 'config.json'))) return await openTransformers(folder, origin);
  const onnx = ['model.onnx', 'onnx/model.onnx'].map((name) => join(folder, name)).find((file) => existsSync(file));
  if (onnx !== undefined) return await openOnnx(onnx, origin);
  throw new InputError('holds neither config.json with model.safetensors nor model.onnx', { file: folder });
}

/** The small base that is shipped with Lowrank, beside the bundle or, in tests, beside the sources. */
function sampleBase(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const candidate = join(folder, 'assets', 'sample-base');
    if (existsSync(candidate)) return candidate;
    const parent = dirname(folder);
    if (parent === folder)
      throw new InputError('the sample base is missing from this installation; install Lowrank again');
    folder = parent;
  }
}
