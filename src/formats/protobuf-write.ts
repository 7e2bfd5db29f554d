/**
 * Writes protobuf messages along their tables, as pieces: small fields are gathered, large bytes are handed on as they are, so
 * that a model of hundreds of megabytes is not copied on its way to a file.
 */
import protobuf from 'protobufjs/minimal.js';
import type { Field, Int64, MessageType, Scalar } from './protobuf-message.ts';

/** From here on a copy costs more than one piece more. */
const LARGE = 2 ** 16;
const WIRE_OF = { int32: 0, int64: 0, float: 5, string: 2, bytes: 2, packed: 2 } as const satisfies Record<
  Scalar,
  number
>;
const DELIMITED = 2;

export interface Pieces {
  readonly pieces: readonly Uint8Array[];
  readonly length: number;
}

/** A property that is absent is not written; one that is present is, whatever its value. */
export function encodeMessage<T extends object>(type: MessageType<T>, value: T): Pieces {
  const pieces = new PieceWriter();
  const properties = value as Readonly<Record<string, unknown>>;
  for (const [property, field] of type.fields.values()) {
    const content = properties[property];
    if (content === undefined) continue;
    if (field.repeated) writeList(pieces, field, content as readonly unknown[]);
    else writeOne(pieces, field, content);
  }
  return pieces.finish();
}

/** All pieces in one array. */
export function joined({ pieces, length }: Pieces): Uint8Array {
  const [only] = pieces;
  if (pieces.length === 1 && only !== undefined) return only;
  const whole = new Uint8Array(length);
  let position = 0;
  for (const piece of pieces) {
    whole.set(piece, position);
    position += piece.length;
  }
  return whole;
}

function writeList(pieces: PieceWriter, field: Field, list: readonly unknown[]): void {
  const { type } = field;
  if (list.length === 0) return;
  if (type === 'int32' || type === 'int64' || type === 'float') {
    const packed = new protobuf.Writer();
    for (const item of list) writeNumber(packed, type, item as Int64);
    const payload = packed.finish();
    pieces.delimited(field.number, { pieces: [payload], length: payload.length });
  } else {
    for (const item of list) writeOne(pieces, field, item);
  }
}

function writeOne(pieces: PieceWriter, { type, number }: Field, value: unknown): void {
  switch (type) {
    case 'int32':
    case 'int64':
    case 'float':
      writeNumber(pieces.tag(number, WIRE_OF[type]), type, value as Int64);
      break;
    case 'string':
      pieces.tag(number, DELIMITED).string(value as string);
      break;
    case 'bytes':
    case 'packed':
      pieces.delimited(number, { pieces: [value as Uint8Array], length: (value as Uint8Array).length });
      break;
    default:
      pieces.delimited(number, encodeMessage(type(), value as object));
  }
}

function writeNumber(writer: protobuf.Writer, type: 'int32' | 'int64' | 'float', value: Int64): void {
  if (type === 'float') writer.float(Number(value));
  else if (type === 'int32') writer.int32(Number(value));
  else writer.int64(typeof value === 'bigint' ? value.toString() : value);
}

class PieceWriter {
  readonly #pieces: Uint8Array[] = [];
  #length = 0;
  #writer = new protobuf.Writer();

  tag(number: number, wire: number): protobuf.Writer {
    return this.#writer.uint32((number << 3) | wire);
  }

  delimited(number: number, { pieces, length }: Pieces): void {
    this.tag(number, DELIMITED).uint32(length);
    for (const piece of pieces) this.#append(piece);
  }

  finish(): Pieces {
    this.#flush();
    return { pieces: this.#pieces, length: this.#length };
  }

  #append(piece: Uint8Array): void {
    if (piece.length < LARGE) {
      this.#writer.raw(piece);
      return;
    }
    this.#flush();
    this.#push(piece);
  }

  #flush(): void {
    if (this.#writer.pos === 0) return;
    this.#push(this.#writer.finish());
    this.#writer = new protobuf.Writer();
  }

  #push(piece: Uint8Array): void {
    this.#pieces.push(piece);
    this.#length += piece.length;
  }
}
