/**
 * `.onnx_adapter`: named tensors that ONNX Runtime feeds beside a run's own inputs (`RunOptions.add_active_adapter`). The file is a
 * FlatBuffer of ONNX Runtime's schema (onnxruntime/lora/adapter_format/adapter_schema.fbs, format version 1):
 *
 *     Adapter   { format_version: int32, adapter_version: int32, model_version: int32, parameters: [Parameter] }
 *     Parameter { name: string, dims: [int64], data_type: int32, raw_data: [uint8], 8-byte aligned }
 *
 * A table starts with the distance back to its vtable, which holds the table's size and where each field lies in it; strings, vectors and
 * tables are referred to by their distance from the reference (https://flatbuffers.dev/internals).
 */
import { onnxType, dtypeOf } from '../graph/onnx-types.ts';
import { bytesOf, bytesUnder, fromBytes, sizeOf } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';
import { InputError } from '../shared/errors.ts';

const IDENTIFIER = 'TORT';
const FORMAT_VERSION = 1;
/** Distances are 32 bits. */
const MAX_BYTES = 2 ** 31 - 1;
/** A layer has two or three; the largest models have some hundred layers. */
const MAX_PARAMETERS = 100_000;
/** ONNX Runtime's tensors have fewer. */
const MAX_DIMS = 64;

export interface OnnxAdapter {
  readonly parameters: ReadonlyMap<string, Tensor>;
  /** What the adapter belongs to; ONNX Runtime does not look at it. */
  readonly modelVersion: number;
}

/** Both tables have four fields of four bytes after the distance to their vtable. */
const FIELDS = [4, 8, 12, 16] as const;
const TABLE_BYTES = 20;
const VTABLE = [4 + 2 * FIELDS.length, TABLE_BYTES, ...FIELDS];
const VTABLE_BYTES = 2 * VTABLE.length;
/** Identifier and root reference, then the one vtable of all tables, then the root table. */
const VTABLE_AT = 8;
const ROOT_AT = VTABLE_AT + VTABLE_BYTES;
const VECTOR_AT = ROOT_AT + TABLE_BYTES;

/** The bytes of the file. Throws InputError for more than a FlatBuffer can hold. */
export function encodeOnnxAdapter({ parameters, modelVersion }: OnnxAdapter): Uint8Array {
  const places: { table: number; name: number; dims: number; data: number; label: Uint8Array; tensor: Tensor }[] = [];
  let end = VECTOR_AT + 4 + 4 * parameters.size;
  for (const [text, tensor] of parameters) {
    const label = new TextEncoder().encode(text);
    const table = aligned(end, 4);
    const name = table + TABLE_BYTES;
    const dims = beforeAligned(name + 4 + label.length + 1);
    const data = beforeAligned(dims + 4 + 8 * tensor.shape.length);
    end = data + 4 + tensor.data.byteLength;
    places.push({ table, name, dims, data, label, tensor });
  }
  if (end > MAX_BYTES) throw new InputError(`${end} bytes are more than an .onnx_adapter file can hold`);

  const bytes = new Uint8Array(aligned(end, 8));
  const view = new DataView(bytes.buffer);
  const int32 = (at: number, value: number): void => {
    view.setInt32(at, value, true);
  };
  const reference = (at: number, target: number): void => {
    int32(at, target - at);
  };
  reference(0, ROOT_AT);
  bytes.set(new TextEncoder().encode(IDENTIFIER), 4);
  VTABLE.forEach((value, index) => {
    view.setUint16(VTABLE_AT + 2 * index, value, true);
  });
  int32(ROOT_AT, ROOT_AT - VTABLE_AT);
  int32(ROOT_AT + FIELDS[0], FORMAT_VERSION);
  int32(ROOT_AT + FIELDS[2], modelVersion);
  reference(ROOT_AT + FIELDS[3], VECTOR_AT);
  int32(VECTOR_AT, places.length);
  places.forEach(({ table, name, dims, data, label, tensor }, index) => {
    reference(VECTOR_AT + 4 + 4 * index, table);
    int32(table, table - VTABLE_AT);
    reference(table + FIELDS[0], name);
    reference(table + FIELDS[1], dims);
    int32(table + FIELDS[2], onnxType(tensor.dtype));
    reference(table + FIELDS[3], data);
    int32(name, label.length);
    bytes.set(label, name + 4);
    int32(dims, tensor.shape.length);
    tensor.shape.forEach((dim, axis) => {
      view.setBigInt64(dims + 4 + 8 * axis, BigInt(dim), true);
    });
    int32(data, tensor.data.byteLength);
    bytes.set(bytesUnder(tensor), data + 4);
  });
  return bytes;
}

/** Reads a file as any FlatBuffers library lays it out. Throws InputError naming `file` for one that is damaged or of another format. */
export function decodeOnnxAdapter(bytes: Uint8Array, file: string): OnnxAdapter {
  try {
    return decode(bytes);
  } catch (error) {
    // DataView throws RangeError for every place outside of the file.
    if (error instanceof RangeError) throw new InputError(`is damaged: ${error.message}`, { file });
    throw error instanceof InputError ? new InputError(error.message, { file }) : error;
  }
}

function decode(bytes: Uint8Array): OnnxAdapter {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const identifier = new TextDecoder().decode(bytes.subarray(4, 8));
  if (identifier !== IDENTIFIER) throw new InputError('is no .onnx_adapter file');
  const follow = (at: number): number => at + view.getUint32(at, true);
  /** Where a field lies; undefined for one left at its default. */
  const field = (table: number, index: number): number | undefined => {
    const vtable = table - view.getInt32(table, true);
    const entry = 4 + 2 * index;
    const offset = entry < view.getUint16(vtable, true) ? view.getUint16(vtable + entry, true) : 0;
    return offset === 0 ? undefined : table + offset;
  };
  const number = (table: number, index: number): number => {
    const at = field(table, index);
    return at === undefined ? 0 : view.getInt32(at, true);
  };
  /** Start and length of a string or vector. */
  const list = (table: number, index: number, width: number): [start: number, length: number] => {
    const at = field(table, index);
    if (at === undefined) return [0, 0];
    const [start, length] = [follow(at) + 4, view.getUint32(follow(at), true)];
    if (start + length * width > bytes.length) throw new RangeError('a list reaches beyond its end');
    return [start, length];
  };

  const root = follow(0);
  if (number(root, 0) !== FORMAT_VERSION)
    throw new InputError(`has format version ${number(root, 0)}, not ${FORMAT_VERSION}`);
  const [first, count] = list(root, 3, 4);
  if (count > MAX_PARAMETERS) throw new InputError(`has ${count} parameters; at most ${MAX_PARAMETERS} are read`);
  const parameters = new Map<string, Tensor>();
  for (let index = 0; index < count; index++) {
    const table = follow(first + 4 * index);
    const [nameAt, nameLength] = list(table, 0, 1);
    const name = new TextDecoder().decode(bytes.subarray(nameAt, nameAt + nameLength));
    const [dimsAt, rank] = list(table, 1, 8);
    if (rank > MAX_DIMS) throw new RangeError(`${rank} dimensions`);
    const shape = Array.from({ length: rank }, (_, axis) => Number(view.getBigInt64(dimsAt + 8 * axis, true)));
    const dtype = dtypeOf(number(table, 2));
    const [dataAt, dataLength] = list(table, 3, 1);
    const isCount = shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0);
    if (dtype === undefined || !isCount || sizeOf(shape) * bytesOf(dtype) !== dataLength)
      throw new RangeError('a parameter whose type, shape and data do not agree');
    parameters.set(name, fromBytes(dtype, shape, new Uint8Array(bytes.subarray(dataAt, dataAt + dataLength))));
  }
  return { parameters, modelVersion: number(root, 2) };
}

function aligned(at: number, alignment: number): number {
  return Math.ceil(at / alignment) * alignment;
}

/** The next place for a length of four bytes with an eight-byte boundary behind it. */
function beforeAligned(at: number): number {
  return aligned(at + 4, 8) - 4;
}
