/** Tensors of ONNX models: raw, typed and external data into tensors, and tensors into messages. */
import { closeSync, realpathSync } from 'node:fs';
import { isAbsolute, join, relative, sep } from 'node:path';
import { InputError, type Place } from '../shared/errors.ts';
import { bytesOf, bytesUnder, fromBytes, sizeOf, type Tensor } from '../graph/tensor.ts';
import { dtypeOf, onnxType } from '../graph/onnx-types.ts';
import { fileFault } from './file-faults.ts';
import { openFile, readExactly } from './file-read.ts';
import { floatsOfBfloats } from './half.ts';
import type { Decoded, TensorProto } from './onnx-proto.ts';
import { typedElements } from './onnx-typed-data.ts';
import { printable } from './printable.ts';

/** Of `TensorProto.DataType`: these are read as float32. */
const DOUBLE = 11;
const BFLOAT16 = 16;
const OTHER_TYPES: Readonly<Record<number, string>> = {
  4: 'uint16',
  5: 'int16',
  8: 'string',
  13: 'uint64',
  14: 'complex64',
  15: 'complex128',
  21: 'uint4',
  22: 'int4',
};

/** ONNX Runtime and NumPy stop far below. */
const MAX_DIMS = 64;
const EXTERNAL = 1;

export interface TensorSource {
  /** The model's folder: external data are looked for in it and nowhere else. Without it they are refused. */
  readonly directory?: string;
  /** Named in errors. */
  readonly file?: string;
}

/**
 * The tensor of a message. Raw data that are aligned to their element are not copied. Throws an `InputError` naming the tensor
 * when its data do not fill its shape, its type is not supported, or its external data lie outside the model's folder.
 */
export function tensorFromProto(proto: Decoded<TensorProto>, source: TensorSource = {}): Tensor {
  const place: Place = {
    ...(source.file !== undefined && { file: source.file }),
    field: printable(proto.name ?? 'tensor'),
  };
  const shape = shapeOf(proto, place);
  const { dataType = 0 } = proto;
  const dtype = dtypeOf(dataType);
  const width = dtype === undefined ? { [DOUBLE]: 8, [BFLOAT16]: 2 }[dataType] : bytesOf(dtype);
  if (width === undefined) {
    throw new InputError(`tensors of type ${OTHER_TYPES[dataType] ?? dataType} are not supported`, place);
  }
  const bytes = bytesOfProto(proto, sizeOf(shape) * width, dataType, source, place);
  if (bytes.length !== sizeOf(shape) * width) {
    throw new InputError(
      `shape [${shape.join(', ')}] needs ${sizeOf(shape) * width} bytes, its data have ${bytes.length}`,
      place,
    );
  }
  if (dtype !== undefined) return fromBytes(dtype, shape, bytes);
  const own = new Uint8Array(bytes).buffer;
  const data = dataType === DOUBLE ? new Float32Array(new Float64Array(own)) : floatsOfBfloats(new Uint16Array(own));
  return { dtype: 'float32', shape, data };
}

/** A tensor as a message with raw data, which are not copied. */
export function tensorToProto(name: string, tensor: Tensor): TensorProto {
  return { name, dims: [...tensor.shape], dataType: onnxType(tensor.dtype), rawData: bytesUnder(tensor) };
}

function shapeOf({ dims }: Decoded<TensorProto>, place: Place): number[] {
  const shape = dims.map(Number);
  if (shape.length > MAX_DIMS || !shape.every((dim) => Number.isSafeInteger(dim) && dim >= 0)) {
    throw new InputError('its dimensions are not counts', place);
  }
  return shape;
}

function bytesOfProto(
  proto: Decoded<TensorProto>,
  expected: number,
  dataType: number,
  source: TensorSource,
  place: Place,
): Uint8Array {
  if (proto.dataLocation === EXTERNAL) return externalBytes(proto, expected, source, place);
  if (proto.rawData !== undefined && proto.rawData.length > 0) return proto.rawData;
  return typedElements(proto, dataType, place);
}

function externalBytes(
  { externalData }: Decoded<TensorProto>,
  expected: number,
  { directory }: TensorSource,
  place: Place,
): Uint8Array {
  const entries = new Map(externalData.map(({ key, value }) => [key, value]));
  const location = entries.get('location') ?? '';
  if (directory === undefined) throw new InputError(`its data lie in another file, ${printable(location)}`, place);
  const path = confined(location, directory, place);
  const offset = count(entries.get('offset') ?? '0', place);
  const file = openFile(path);
  try {
    const length = count(entries.get('length') ?? String(Math.max(0, file.size - offset)), place);
    if (length !== expected) throw new InputError(`needs ${expected} bytes, its external data have ${length}`, place);
    if (offset + length > file.size) {
      throw new InputError(`its data end at byte ${offset + length} of ${location}, which has ${file.size}`, place);
    }
    return readExactly(file, offset, length, path);
  } finally {
    closeSync(file.descriptor);
  }
}

/** The path of external data: below `directory`, also when symbolic links are followed. */
function confined(location: string, directory: string, place: Place): string {
  const refused = new InputError(
    `its external data ${JSON.stringify(printable(location))} lie outside the model's folder`,
    place,
  );
  if (location === '' || isAbsolute(location) || /[\\:\p{Cc}]/u.test(location) || location.split('/').includes('..')) {
    throw refused;
  }
  try {
    const real = realpathSync(join(directory, location));
    const inside = relative(realpathSync(directory), real);
    if (isAbsolute(inside) || inside === '..' || inside.startsWith(`..${sep}`)) throw refused;
    return real;
  } catch (error) {
    throw fileFault(error, join(directory, location));
  }
}

function count(text: string, place: Place): number {
  const value = Number(text);
  if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
    throw new InputError(`${JSON.stringify(text.slice(0, 40))} is no offset or length`, place);
  }
  return value;
}
