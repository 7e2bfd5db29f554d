/**
 * What a run leaves behind, whatever its method: a PEFT directory for adapters and heads, else the tensors that were trained whole,
 * under their own names. Both carry Lowrank's record of the base and the classes.
 */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { writeDirectoryAtomic, writeFileAtomic } from '../formats/atomic-write.ts';
import { readJson } from '../formats/json.ts';
import { asFloat32, openSafetensors, writeSafetensors } from '../formats/safetensors.ts';
import { InputError } from '../shared/errors.ts';
import type { Job } from '../shared/job.ts';
import { PLAIN_CONFIG } from './adapter.ts';
import type { Adapter } from './adapter.ts';
import { CONFIG_FILE, readAdapter, RECORD_FILE, WEIGHTS_FILE } from './read-adapter.ts';
import { identityOf, recordSchema, taskOf, writeRecord } from './record.ts';
import { writeAdapter } from './write-adapter.ts';

/** Weights of a run by `full`, which PEFT has no file for. */
const WHOLE_FILE = 'trained.safetensors';

export interface WriteTrainedOptions {
  readonly method: Job['method'];
  /** All module paths of the base. */
  readonly modules: readonly string[];
}

/** Throws InputError where the folder cannot be written or holds something else. */
export async function writeTrained(
  directory: string,
  adapter: Adapter,
  { method, modules }: WriteTrainedOptions,
): Promise<void> {
  if (method !== 'full') {
    await writeAdapter(directory, adapter, { modules });
    return;
  }
  const record = writeRecord(adapter);
  await writeDirectoryAtomic(directory, async (folder) => {
    await writeSafetensors(join(folder, WHOLE_FILE), new Map(adapter.saved), { format: 'pt', lowrank: record });
    await writeFileAtomic(join(folder, RECORD_FILE), `${JSON.stringify(JSON.parse(record), null, 2)}\n`);
  });
}

/** The file that `readTrained` takes the weights of, whatever else lies beside it. */
export function weightsFileOf(directory: string): string {
  return join(directory, existsSync(join(directory, CONFIG_FILE)) ? WEIGHTS_FILE : WHOLE_FILE);
}

/** Throws InputError for a folder that holds neither. */
export function readTrained(directory: string): Adapter {
  if (existsSync(join(directory, CONFIG_FILE))) return readAdapter(directory);
  const file = join(directory, WHOLE_FILE);
  if (!existsSync(file)) {
    throw new InputError(`no adapter here: neither ${CONFIG_FILE} nor ${WHOLE_FILE}`, { file: directory });
  }
  const record = readJson(join(directory, RECORD_FILE), recordSchema);
  const weights = openSafetensors(file);
  try {
    const saved = new Map(weights.names().map((name) => [name, asFloat32(weights.read(name))]));
    const task = taskOf(record);
    const modulesToSave = [...new Set([...saved.keys()].map((name) => name.replace(/\.[^.]+$/, '')))];
    return {
      config: { ...PLAIN_CONFIG, modulesToSave },
      layers: new Map(),
      saved,
      base: identityOf(record),
      ...(task === undefined ? {} : { task }),
      dtype: 'float32',
      warnings: [],
    };
  } finally {
    weights.close();
  }
}
