/** Reads protobuf messages along their tables. Bytes are views of the input, never copies. */
import protobuf from 'protobufjs/minimal.js';
import { InputError, messageOf, type Place } from '../shared/errors.ts';
import { type Decoded, type Field, type Int64, type MessageType, NONE, type Scalar } from './protobuf-message.ts';

/** An export of 100 000 nodes has about a million fields; an empty one takes 2 bytes of a file, but some 100 of memory. */
const MAX_FIELDS = 4_000_000;
/** Protobuf's own limit. A subgraph within a node takes three levels. */
const MAX_DEPTH = 100;

const WIRE = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 } as const;
const WIRE_OF = { int32: 0, int64: 0, float: 5, string: 2, bytes: 2, packed: 2 } as const satisfies Record<
  Scalar,
  number
>;

/** Decodes one message that takes all of `bytes`. Unknown fields are dropped. Throws an `InputError` at damaged ones. */
export function decodeMessage<T>(type: MessageType<T>, bytes: Uint8Array, place: Place = {}): Decoded<T> {
  // A plain view: of a Buffer, `slice` would not copy where callers expect it to.
  const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  try {
    return new MessageReader(plain).read(type, plain.length, 0) as Decoded<T>;
  } catch (error) {
    throw new InputError(`damaged: ${messageOf(error)}`, place);
  }
}

class MessageReader {
  readonly #reader: protobuf.Reader;
  #fields = 0;

  constructor(bytes: Uint8Array) {
    this.#reader = new protobuf.Reader(bytes);
  }

  read(type: MessageType<unknown>, end: number, depth: number): Record<string, unknown> {
    if (depth > MAX_DEPTH) throw new RangeError(`nested deeper than ${MAX_DEPTH} levels`);
    const reader = this.#reader;
    const outer = reader.len;
    reader.len = end;
    const result: Record<string, unknown> = { ...type.empty };
    while (reader.pos < end) {
      const tag = reader.tag();
      const known = type.fields.get(tag >>> 3);
      if (known === undefined) this.#skip(tag);
      else if (known[1].repeated) this.#append(result, known[0], known[1], tag & 7, depth);
      else result[known[0]] = this.#value(known[1], tag & 7, depth);
    }
    reader.len = outer;
    return result;
  }

  #append(result: Record<string, unknown>, property: string, field: Field, wire: number, depth: number): void {
    if (result[property] === NONE) result[property] = [];
    const list = result[property] as unknown[];
    const { type } = field;
    const isPacked = wire === WIRE.delimited && (type === 'int32' || type === 'int64' || type === 'float');
    if (!isPacked) {
      list.push(this.#value(field, wire, depth));
      return;
    }
    const end = this.#end();
    const outer = this.#reader.len;
    this.#reader.len = end;
    while (this.#reader.pos < end) list.push(this.#value(field, WIRE_OF[type], depth));
    this.#reader.len = outer;
  }

  #value({ type, number }: Field, wire: number, depth: number): unknown {
    this.#count();
    const reader = this.#reader;
    if (type === 'packed' && wire !== WIRE.delimited) return this.#unpacked(wire);
    if (wire !== (typeof type === 'string' ? WIRE_OF[type] : WIRE.delimited)) {
      throw new RangeError(`field ${number} has wire type ${wire}`);
    }
    switch (type) {
      case 'int32':
        return reader.int32();
      case 'int64':
        return int64Of(reader);
      case 'float':
        return reader.float();
      case 'string':
        return reader.string();
      case 'bytes':
      case 'packed': {
        const end = this.#end();
        const start = reader.pos;
        reader.pos = end;
        return reader.raw(start, end);
      }
      default:
        return this.read(type(), this.#end(), depth + 1);
    }
  }

  /** A single element of a packed field, as the payload it would be. */
  #unpacked(wire: number): Uint8Array {
    const reader = this.#reader;
    const start = reader.pos;
    if (wire === WIRE.varint) reader.skip();
    else if (wire === WIRE.fixed32) reader.skip(4);
    else if (wire === WIRE.fixed64) reader.skip(8);
    else throw new RangeError(`wire type ${wire}`);
    return reader.raw(start, reader.pos);
  }

  #skip(tag: number): void {
    this.#count();
    this.#reader.skipType(tag & 7, 0, tag >>> 3);
  }

  #end(): number {
    const length = this.#reader.size();
    const end = this.#reader.pos + length;
    if (end > this.#reader.len) throw new RangeError(`a field of ${length} bytes reaches beyond the end; truncated?`);
    return end;
  }

  #count(): void {
    if (++this.#fields > MAX_FIELDS) throw new RangeError(`more than ${MAX_FIELDS} fields`);
  }
}

function int64Of(reader: protobuf.Reader): Int64 {
  const { high, low } = reader.int64();
  const number = high * 2 ** 32 + (low >>> 0);
  return Number.isSafeInteger(number) ? number : (BigInt(high) << 32n) | BigInt(low >>> 0);
}
