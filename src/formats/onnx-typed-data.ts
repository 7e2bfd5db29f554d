/**
 * The typed forms of an ONNX tensor's data, as the raw bytes they stand for: `float_data` for floats, `int32_data` for all
 * integers up to 32 bits, bools and half precisions (one element each), `int64_data`, `double_data`, `uint64_data` (uint32 too).
 */
import { InputError, messageOf, type Place } from '../shared/errors.ts';
import type { Decoded, TensorProto } from './onnx-proto.ts';

type Property = 'floatData' | 'doubleData' | 'int32Data' | 'int64Data' | 'uint64Data';
interface Form {
  readonly property: Property;
  /** Array of the elements as they are in raw data; varints are narrowed to it. Fixed-width payloads are raw already. */
  readonly varint?: new (
    length: number,
  ) => Int8Array | Uint8Array | Uint16Array | Int32Array | Uint32Array | BigInt64Array;
}

/** By `TensorProto.DataType`. */
const FORMS: Readonly<Record<number, Form>> = {
  1: { property: 'floatData' },
  2: { property: 'int32Data', varint: Uint8Array },
  3: { property: 'int32Data', varint: Int8Array },
  6: { property: 'int32Data', varint: Int32Array },
  7: { property: 'int64Data', varint: BigInt64Array },
  9: { property: 'int32Data', varint: Uint8Array },
  10: { property: 'int32Data', varint: Uint16Array },
  11: { property: 'doubleData' },
  12: { property: 'uint64Data', varint: Uint32Array },
  16: { property: 'int32Data', varint: Uint16Array },
};

/** Raw little-endian bytes of a tensor's typed data; none when the type has no typed form. */
export function typedElements(proto: Decoded<TensorProto>, dataType: number, place: Place): Uint8Array {
  const form = FORMS[dataType];
  if (form === undefined) return new Uint8Array();
  const payload = concatenated(proto[form.property]);
  if (form.varint === undefined) return payload;
  try {
    const elements = readVarints(payload, form.varint);
    return new Uint8Array(elements.buffer);
  } catch (error) {
    throw new InputError(`damaged: ${messageOf(error)}`, place);
  }
}

function concatenated(pieces: readonly Uint8Array[]): Uint8Array {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let position = 0;
  for (const piece of pieces) {
    whole.set(piece, position);
    position += piece.length;
  }
  return whole;
}

/** Varints of up to 10 bytes, 7 bits each, lowest first; counted before, so that the memory taken is that of the elements. */
function readVarints<A extends Int8Array | Uint8Array | Uint16Array | Int32Array | Uint32Array | BigInt64Array>(
  bytes: Uint8Array,
  array: new (length: number) => A,
): A {
  let elements = 0;
  for (const byte of bytes) if (byte < 128) elements++;
  const result = new array(elements);
  let position = 0;
  for (let i = 0; i < elements; i++) {
    let low = 0;
    let high = 0n;
    for (let shift = 0; ; shift += 7) {
      if (shift > 63) throw new RangeError('a number of more than 64 bits');
      const byte = bytes[position++]!;
      if (shift < 28) low |= (byte & 127) << shift;
      else high |= BigInt(byte & 127) << BigInt(shift - 28);
      if (byte < 128) break;
    }
    if (result instanceof BigInt64Array) result[i] = BigInt(low) | (high << 28n);
    else result[i] = high === 0n ? low : low | Number(BigInt.asIntN(32, high << 28n));
  }
  if (position < bytes.length) throw new RangeError('the last number is cut off');
  return result;
}
