/**
 * Weights in safetensors: single files and sharded sets, opened without reading them; each tensor is read when asked for.
 */
import { createHash } from 'node:crypto';
import { closeSync, existsSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import * as z from 'zod';
import { InputError } from '../shared/errors.ts';
import { bytesUnder, fromBytes, type Tensor } from '../graph/tensor.ts';
import { writeFileAtomic } from './atomic-write.ts';
import { fileFault } from './file-faults.ts';
import { openFile, type OpenFile, readExactly, sha256Of } from './file-read.ts';
import { floatsOfBfloats, floatsOfHalves } from './half.ts';
import { readJson } from './json.ts';
import { printable } from './printable.ts';
import { layOut, MAX_HEADER_BYTES, parseHeader, type StoredDType, type TensorEntry } from './safetensors-header.ts';

/** Frozen weights by name, wherever their bytes lie. */
export interface Weights {
  names(): string[];
  has(name: string): boolean;
  /** The dtype is that of the file; `read` gives bfloat16 and float64 as float32. Throws an `InputError` without such a name. */
  info(name: string): { dtype: StoredDType; shape: readonly number[] };
  /** Reads the bytes of this tensor alone. Throws an `InputError` without such a name. */
  read(name: string): Tensor;
  /** Identifies the weights: of the file; of a sharded set over its `sha256sum` lines in the order of names. */
  sha256(): Promise<string>;
  close(): void;
}

export interface SafetensorsFile extends Weights {
  readonly metadata: Readonly<Record<string, string>>;
}

/** A sharded 405 B model has 191; each shard is an open file. */
const MAX_SHARDS = 512;

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });

/** The weights of a model folder, of one `.safetensors` file, or of a `.safetensors.index.json`. */
export function openWeights(path: string): Weights {
  if (!isDirectory(path)) return path.endsWith('.json') ? openSafetensorsIndex(path) : openSafetensors(path);
  const single = join(path, 'model.safetensors');
  const index = `${single}.index.json`;
  if (existsSync(single)) return openSafetensors(single);
  if (existsSync(index)) return openSafetensorsIndex(index);
  const pickled = existsSync(join(path, 'pytorch_model.bin'));
  throw new InputError(
    `no model.safetensors in this folder${pickled ? '; save the model of pytorch_model.bin as safetensors' : ''}`,
    { file: path },
  );
}

/** Opens one file and checks its header against its size. Throws an `InputError` where they do not agree. */
export function openSafetensors(path: string): SafetensorsFile {
  const file = openFile(path);
  try {
    const start = 8 + headerLength(file, path);
    const header = readExactly(file, 8, start - 8, path);
    const { metadata, tensors } = parseHeader(header, file.size - start, path);
    const entry = (name: string): TensorEntry => found(tensors.get(name), name, path);
    return {
      metadata,
      names: () => [...tensors.keys()],
      has: (name) => tensors.has(name),
      info: (name) => ({ dtype: entry(name).dtype, shape: entry(name).shape }),
      read: (name) => {
        const { dtype, shape, begin, end } = entry(name);
        return tensorOf(dtype, shape, readExactly(file, start + begin, end - begin, path));
      },
      sha256: () => sha256Of(file),
      close: () => {
        closeSync(file.descriptor);
      },
    };
  } catch (error) {
    closeSync(file.descriptor);
    throw error;
  }
}

/** Opens a sharded set through its index. The shards lie beside it: a name with a path in it is refused. */
export function openSafetensorsIndex(path: string): Weights {
  const { weight_map: fileOf } = readJson(path, indexSchema);
  const files = [...new Set(Object.values(fileOf))].sort();
  if (files.length > MAX_SHARDS) throw new InputError(`more than ${MAX_SHARDS} shards`, { file: path });
  const stray = files.find((file) => !file.endsWith('.safetensors') || /[/\\:\p{Cc}]/u.test(file));
  if (stray !== undefined) {
    throw new InputError(`${JSON.stringify(printable(stray))} is not the name of a safetensors file beside it`, {
      file: path,
    });
  }
  const shards = new Map<string, Weights>();
  const close = (): void => {
    for (const shard of shards.values()) shard.close();
  };
  try {
    for (const file of files) shards.set(file, openSafetensors(join(dirname(path), file)));
    const shardOf = new Map(Object.entries(fileOf).map(([name, file]) => [name, shards.get(file)!]));
    for (const [name, shard] of shardOf) shard.info(name);
    const shard = (name: string): Weights => found(shardOf.get(name), name, path);
    return {
      names: () => [...shardOf.keys()],
      has: (name) => shardOf.has(name),
      info: (name) => shard(name).info(name),
      read: (name) => shard(name).read(name),
      sha256: async () => {
        const hash = createHash('sha256');
        for (const [file, part] of shards) hash.update(`${await part.sha256()}  ${file}\n`);
        return hash.digest('hex');
      },
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Writes a file atomically, laid out as the reference implementation does, byte for byte. */
export async function writeSafetensors(
  path: string,
  tensors: ReadonlyMap<string, Tensor>,
  metadata?: Readonly<Record<string, string>>,
): Promise<void> {
  const { header, ordered } = layOut(tensors, metadata);
  await writeFileAtomic(path, [header, ...ordered.map(bytesUnder)]);
}

/** Any tensor as float32: halves exactly, integers rounded where they need more than 24 bits. */
export function asFloat32({ dtype, shape, data }: Tensor): Tensor<'float32'> {
  if (data instanceof Float32Array) return { dtype: 'float32', shape, data };
  if (dtype === 'float16') return { dtype: 'float32', shape, data: floatsOfHalves(data as Uint16Array) };
  return { dtype: 'float32', shape, data: Float32Array.from(data as ArrayLike<number | bigint>, Number) };
}

function tensorOf(dtype: StoredDType, shape: readonly number[], bytes: Uint8Array<ArrayBuffer>): Tensor {
  switch (dtype) {
    case 'bfloat16':
      return { dtype: 'float32', shape, data: floatsOfBfloats(new Uint16Array(bytes.buffer)) };
    case 'float64':
      return { dtype: 'float32', shape, data: new Float32Array(new Float64Array(bytes.buffer)) };
    default:
      return fromBytes(dtype, shape, bytes);
  }
}

function found<T>(value: T | undefined, name: string, path: string): T {
  if (value === undefined)
    throw new InputError(`no tensor of this name in ${basename(path)}`, { file: path, field: printable(name) });
  return value;
}

function isDirectory(path: string): boolean {
  try {
    return statSync(path).isDirectory();
  } catch (error) {
    throw fileFault(error, path);
  }
}

function headerLength(file: OpenFile, path: string): number {
  if (file.size < 8) throw new InputError('too short for a safetensors file', { file: path });
  const length = Number(new DataView(readExactly(file, 0, 8, path).buffer).getBigUint64(0, true));
  if (length > Math.min(file.size - 8, MAX_HEADER_BYTES)) {
    const limit = `the file has ${file.size}, the limit is ${MAX_HEADER_BYTES}`;
    throw new InputError(`its header claims ${length} bytes (${limit}); not safetensors, or truncated`, { file: path });
  }
  return length;
}
