/** ONNX models as files, their large tensors inside or in a data file beside them. */
import { basename, dirname, join } from 'node:path';
import { InputError } from '../shared/errors.ts';
import { writeFileAtomic } from './atomic-write.ts';
import { readWhole } from './file-read.ts';
import { decodeModel, encodeModelPieces } from './onnx-proto.ts';
import type { DecodedModel, ModelProto, StringStringEntryProto, TensorProto } from './onnx-proto.ts';

/** Protobuf's limit; larger models keep their weights as external data. */
const MAX_MODEL_BYTES = 2 ** 31 - 1;
/** Tensors above a page start where an operating system can map them (64 KiB on Windows), small ones on a cache line. */
const MAPPED_ALIGNMENT = 2 ** 16;
const SMALL_ALIGNMENT = 64;
const MAPPED_FROM = 2 ** 20;
const EXTERNAL = 1;

export interface OnnxWriteOptions {
  /** Initializers of more bytes go to `<name>.data` beside the model. */
  readonly externalDataAbove?: number;
  /** External data that are in memory, by their `location`: written like any other initializer. */
  readonly inMemory?: ReadonlyMap<string, Uint8Array>;
}

/** Reads a model; `tensorFromProto` reads its external data. Throws an `InputError` naming `path`. */
export function readOnnxFile(path: string): DecodedModel {
  return decodeModel(readWhole(path, MAX_MODEL_BYTES), { file: path });
}

/**
 * Writes a model atomically; of external data and model the data come first, so that no model points at data that are not
 * there. Initializers that are external already, and not in memory, stay as they are.
 */
export async function writeOnnxFile(path: string, model: ModelProto, options: OnnxWriteOptions = {}): Promise<void> {
  const { externalDataAbove = Infinity, inMemory = new Map<string, Uint8Array>() } = options;
  const data = new DataFile(`${basename(path)}.data`);
  const initializer = model.graph?.initializer?.map((tensor) => {
    const inline = inlined(tensor, inMemory);
    const { rawData } = inline;
    return rawData !== undefined && rawData.length > externalDataAbove ? data.moved(inline, rawData) : inline;
  });
  const { pieces, length } = encodeModelPieces({
    ...model,
    ...(initializer !== undefined && { graph: { ...model.graph, initializer } }),
  });
  if (length > MAX_MODEL_BYTES) {
    throw new InputError(`${length} bytes are more than a single ONNX file can hold; use external data`, {
      file: path,
    });
  }
  if (data.pieces.length > 0) await writeFileAtomic(join(dirname(path), data.name), data.pieces);
  await writeFileAtomic(path, pieces);
}

function inlined(tensor: TensorProto, inMemory: ReadonlyMap<string, Uint8Array>): TensorProto {
  if (tensor.dataLocation !== EXTERNAL) return tensor;
  const rawData = inMemory.get(tensor.externalData?.find(({ key }) => key === 'location')?.value ?? '');
  if (rawData === undefined) return tensor;
  const inline = { ...tensor, rawData };
  delete inline.externalData;
  delete inline.dataLocation;
  return inline;
}

class DataFile {
  readonly name: string;
  readonly pieces: Uint8Array[] = [];
  #length = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** The tensor as one whose data are external, after they were taken up. */
  moved(tensor: TensorProto, bytes: Uint8Array): TensorProto {
    const alignment = bytes.length >= MAPPED_FROM ? MAPPED_ALIGNMENT : SMALL_ALIGNMENT;
    const offset = Math.ceil(this.#length / alignment) * alignment;
    this.pieces.push(new Uint8Array(offset - this.#length), bytes);
    this.#length = offset + bytes.length;
    const values = { location: this.name, offset: String(offset), length: String(bytes.length) };
    const externalData = Object.entries(values).map(([key, value]): StringStringEntryProto => ({ key, value }));
    const moved = { ...tensor, externalData, dataLocation: EXTERNAL };
    delete moved.rawData;
    return moved;
  }
}
