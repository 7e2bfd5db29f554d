/** Writes a PEFT LoRA directory that `PeftModel.from_pretrained` loads as it is. */
import { join } from 'node:path';
import { writeDirectoryAtomic, writeFileAtomic } from '../formats/atomic-write.ts';
import { namesIn } from '../formats/folder-names.ts';
import { halvesOfFloats } from '../formats/half.ts';
import { writeSafetensors } from '../formats/safetensors.ts';
import type { Tensor } from '../graph/tensor.ts';
import { keyOfPart, keyOfSaved } from '../shared/adapter-tensors.ts';
import { InputError } from '../shared/errors.ts';
import type { Adapter } from './adapter.ts';
import { peftConfigOf } from './peft-config.ts';
import { CONFIG_FILE, RECORD_FILE, WEIGHTS_FILE } from './read-adapter.ts';
import { writeRecord } from './record.ts';

export interface WriteAdapterOptions {
  readonly dtype?: 'float32' | 'float16';
  /** Paths of all modules of the base: a listed path must not reach further modules in PEFT than the adapted ones. */
  readonly modules?: readonly string[];
}

/**
 * Puts the adapter into `directory`, whole or not at all; an adapter that is already there is replaced. Throws an `InputError`
 * if the folder holds anything else, or cannot be written.
 */
export async function writeAdapter(
  directory: string,
  adapter: Adapter,
  options: WriteAdapterOptions = {},
): Promise<void> {
  refuseForeign(directory);
  const { dtype = 'float32', modules = [] } = options;
  const config = peftConfigOf(adapter, modules);
  const record = writeRecord(adapter);
  const tensors = new Map([...tensorsOf(adapter)].map(([key, tensor]) => [key, stored(tensor, dtype)]));
  await writeDirectoryAtomic(directory, async (folder) => {
    await writeFileAtomic(join(folder, CONFIG_FILE), `${JSON.stringify(config, null, 2)}\n`);
    await writeSafetensors(join(folder, WEIGHTS_FILE), tensors, { format: 'pt', lowrank: record });
    await writeFileAtomic(join(folder, RECORD_FILE), `${JSON.stringify(JSON.parse(record), null, 2)}\n`);
  });
}

/** All tensors by PEFT's keys. */
function tensorsOf({ layers, saved }: Pick<Adapter, 'layers' | 'saved'>): Map<string, Tensor> {
  const tensors = new Map<string, Tensor>();
  for (const [module, { kind, A, B, magnitude }] of layers) {
    tensors.set(keyOfPart(module, 'A', kind), A);
    tensors.set(keyOfPart(module, 'B', kind), B);
    if (magnitude !== undefined) tensors.set(keyOfPart(module, 'magnitude', kind), magnitude);
  }
  for (const [name, tensor] of saved)
    tensors.set(
      keyOfSaved(name, (module) => layers.has(module)),
      tensor,
    );
  return tensors;
}

function stored(tensor: Tensor, dtype: 'float32' | 'float16'): Tensor {
  if (dtype === 'float32' || !(tensor.data instanceof Float32Array)) return tensor;
  return { dtype, shape: tensor.shape, data: halvesOfFloats(tensor.data) };
}

/** Replacing a folder removes what is in it. */
function refuseForeign(directory: string): void {
  const own = [CONFIG_FILE, WEIGHTS_FILE, RECORD_FILE, 'README.md'];
  const foreign = namesIn(directory).find((name) => !own.includes(name));
  if (foreign !== undefined) {
    throw new InputError(`holds ${foreign}, which is no part of an adapter; name a new folder`, { file: directory });
  }
}
