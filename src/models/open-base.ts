/** A base by what the job calls it: `sample`, `hf:owner/name[@revision]`, a model folder, an ONNX file, or a YOLO checkpoint. */
import { existsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { InputError } from '../shared/errors.ts';
import type { Base } from './base.ts';
import { locateBase } from './locate-base.ts';
import type { BasePlace } from './locate-base.ts';
import { openOnnx } from './onnx/open.ts';
import { openTransformers } from './transformers/open.ts';
import { openYolo } from './yolo/open.ts';

/** `directory` is what relative paths start from. Throws InputError for what is no model, naming what was looked for. */
export async function openBase(name: string, directory = process.cwd()): Promise<Base> {
  const place = await locateBase(name, directory);
  const { path, origin } = place;
  if (!existsSync(path)) {
    throw new InputError(
      'no such model; give a folder with config.json, an .onnx file, a .pt of YOLO, hf:owner/name, or sample',
      { file: path },
    );
  }
  if (statSync(path).isDirectory()) return await openFolder(place);
  if (path.endsWith('.onnx')) return await openOnnx(path, origin);
  if (path.endsWith('.pt')) return await openYolo(path, origin);
  throw new InputError('is neither a model folder nor an .onnx or .pt file', { file: path });
}

async function openFolder({ path: folder, origin }: BasePlace): Promise<Base> {
  if (existsSync(join(folder, 'config.json'))) return await openTransformers(folder, origin);
  const onnx = ['model.onnx', 'onnx/model.onnx'].map((name) => join(folder, name)).find((file) => existsSync(file));
  if (onnx !== undefined) return await openOnnx(onnx, origin);
  throw new InputError('holds neither config.json with model.safetensors nor model.onnx', { file: folder });
}
