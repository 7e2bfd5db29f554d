/**
 * Reads Python's pickles as data. A pickle is a program for a small stack machine, whose GLOBAL and REDUCE may name and call any function
 * of Python: here a global is only a name, checked against what the caller allows, and a call is a record of its arguments, so nothing
 * runs. The operations are those of the binary protocols 2 to 5 (PEP 307, 3154, 574 without out-of-band buffers).
 */
import { InputError } from '../shared/errors.ts';
import type { Place } from '../shared/errors.ts';
import { PickleDict, PickleGlobal, PickleRecord, PickleSequence } from './pickle-values.ts';
import type { PickleValue } from './pickle-values.ts';
import { printable } from './printable.ts';

export interface PickleReading {
  /** Whether a class or function may be named. One that may not ends the reading with its name. */
  allows(name: string): boolean;
  /** What a call of a function or class stands for. */
  call(name: string, args: readonly PickleValue[]): PickleValue;
  /** What lies outside of the pickle under this id: for PyTorch the storage of a tensor. */
  persistent(id: PickleValue): PickleValue;
  readonly place: Place;
}

/** A checkpoint of the largest YOLO with its optimizer takes 2 MB. */
const MAX_BYTES = 2 ** 25;
/** The same checkpoint takes 600 000; each may make a value of some hundred bytes. */
const MAX_OPERATIONS = 2 ** 21;
/** Of an integer: more than any size, seed or hash. */
const MAX_INTEGER_BYTES = 64;

/** Throws an `InputError` for a foreign global, for an operation that no writer of checkpoints uses, and for damaged bytes. */
export function readPickle(bytes: Uint8Array, reading: PickleReading): PickleValue {
  if (bytes.length > MAX_BYTES) {
    throw new InputError(`${bytes.length} bytes of pickle are more than the ${MAX_BYTES} allowed`, reading.place);
  }
  const machine = new Machine(bytes, reading);
  for (let count = 0; count < MAX_OPERATIONS; count++) {
    const code = machine.uint(1);
    if (code === STOP) return machine.pop();
    const operation =
      OPERATIONS[code] ?? machine.fail(`operation 0x${code.toString(16)} is none that torch.save writes`);
    operation(machine);
  }
  return machine.fail(`more than ${MAX_OPERATIONS} operations`);
}

class Machine {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #reading: PickleReading;
  #at = 0;
  #stack: PickleValue[] = [];
  /** Heights of the stack where a MARK lies. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, PickleValue>();

  constructor(bytes: Uint8Array, reading: PickleReading) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#reading = reading;
  }

  fail(reason: string): never {
    throw new InputError(`cannot be read: ${reason}`, this.#reading.place);
  }

  /** Moves on by `length` bytes and returns where they begin. */
  #skip(length: number): number {
    const from = this.#at;
    if (length > this.#bytes.length - from) this.fail('it ends in the middle');
    this.#at += length;
    return from;
  }

  uint(width: 1 | 2 | 4 | 8): number {
    const from = this.#skip(width);
    switch (width) {
      case 1:
        return this.#view.getUint8(from);
      case 2:
        return this.#view.getUint16(from, true);
      case 4:
        return this.#view.getUint32(from, true);
      case 8:
        return Number(this.#view.getBigUint64(from, true));
    }
  }

  int32(): number {
    return this.#view.getInt32(this.#skip(4), true);
  }

  float64(): number {
    return this.#view.getFloat64(this.#skip(8), false);
  }

  bytes(length: number): Uint8Array {
    const from = this.#skip(length);
    return this.#bytes.subarray(from, from + length);
  }

  text(length: number, encoding: 'utf8' | 'latin1' = 'utf8'): string {
    return Buffer.from(this.bytes(length)).toString(encoding);
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.#at);
    if (end < 0) this.fail('it ends in the middle');
    const text = this.text(end - this.#at);
    this.#skip(1);
    return text;
  }

  /** Two's complement, the lowest byte first. */
  integer(length: number): number | bigint {
    if (length > MAX_INTEGER_BYTES) this.fail(`an integer of ${length} bytes`);
    const bytes = this.bytes(length);
    const magnitude = bytes.reduceRight((sum, byte) => (sum << 8n) | BigInt(byte), 0n);
    const value = BigInt.asIntN(8 * length, magnitude);
    const number = Number(value);
    return Number.isSafeInteger(number) ? number : value;
  }

  push(value: PickleValue): void {
    this.#stack.push(value);
  }

  pop(): PickleValue {
    const value = this.#stack.length > (this.#marks.at(-1) ?? 0) ? this.#stack.pop() : undefined;
    return value === undefined ? this.fail('it takes more than is there') : value;
  }

  top(): PickleValue {
    const value = this.pop();
    this.push(value);
    return value;
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** Everything above the last mark. */
  popToMark(): PickleValue[] {
    const height = this.#marks.pop() ?? this.fail('it takes more than is there');
    return this.#stack.splice(height);
  }

  remember(index = this.#memo.size): void {
    this.#memo.set(index, this.top());
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    this.push(value === undefined ? this.fail(`it refers to value ${index}, which it does not hold`) : value);
  }

  popSequence(): PickleSequence {
    const value = this.pop();
    return value instanceof PickleSequence ? value : this.fail('a sequence is expected and something else is there');
  }

  popText(): string {
    const value = this.pop();
    return typeof value === 'string' ? value : this.fail('a name is expected and something else is there');
  }

  global(module: string, name: string): void {
    const full = `${OLDER_MODULES.get(module) ?? module}.${name}`;
    if (!this.#reading.allows(full)) {
      throw new InputError(
        `names ${printable(full)}, which no checkpoint of a supported model needs; it was not run, and the file is refused`,
        this.#reading.place,
      );
    }
    this.push(new PickleGlobal(full));
  }

  popGlobal(): string {
    const value = this.pop();
    return value instanceof PickleGlobal ? value.name : this.fail('it calls what is no class or function');
  }

  call(): void {
    const { items } = this.popSequence();
    this.push(this.#reading.call(this.popGlobal(), items));
  }

  make(): void {
    const { items } = this.popSequence();
    this.push(new PickleRecord(this.popGlobal(), items));
  }

  build(): void {
    const state = this.pop();
    const value = this.top();
    // A dictionary or list with attributes of its own: those of PyTorch say nothing of the weights.
    if (value instanceof PickleDict || value instanceof PickleSequence) return;
    if (!(value instanceof PickleRecord)) this.fail('it fills what is no object');
    value.state = state;
  }

  persistent(): void {
    this.push(this.#reading.persistent(this.pop()));
  }

  append(items: readonly PickleValue[]): void {
    const list = this.top();
    if (!(list instanceof PickleSequence)) this.fail('it appends to what is no list');
    for (const item of items) list.items.push(item);
  }

  put(items: readonly PickleValue[]): void {
    const dict = this.top();
    if (!(dict instanceof PickleDict)) this.fail('it sets an item of what is no dictionary');
    if (items.length % 2 === 1) this.fail('a key without a value');
    for (let i = 0; i < items.length; i += 2) dict.entries.set(items[i]!, items[i + 1]!);
  }
}

/** Python 2's names, which protocol 2 writes. */
const OLDER_MODULES: ReadonlyMap<string, string> = new Map([
  ['__builtin__', 'builtins'],
  ['copy_reg', 'copyreg'],
]);

type Operation = (machine: Machine) => void;

const constant =
  (value: PickleValue): Operation =>
  (m) => {
    m.push(value);
  };
const tuple =
  (length: 1 | 2 | 3): Operation =>
  (m) => {
    const items = Array.from({ length }, () => m.pop());
    m.push(new PickleSequence(items.reverse()));
  };
const sequence: Operation = (m) => {
  m.push(new PickleSequence(m.popToMark()));
};
const emptySequence: Operation = (m) => {
  m.push(new PickleSequence([]));
};
const text =
  (width: 1 | 4 | 8, encoding?: 'latin1'): Operation =>
  (m) => {
    m.push(m.text(m.uint(width), encoding));
  };
const binary =
  (width: 1 | 4 | 8): Operation =>
  (m) => {
    m.push(m.bytes(m.uint(width)));
  };
const append: Operation = (m) => {
  m.append(m.popToMark());
};

const STOP = 0x2e;

/** By their bytes, with CPython's names. */
const OPERATIONS: Readonly<Record<number, Operation>> = {
  // PROTO, FRAME: which version it is and where it could be cut says nothing more.
  0x80: (m) => void m.uint(1),
  0x95: (m) => void m.uint(8),
  // MARK, POP, POP_MARK, DUP
  0x28: (m) => {
    m.mark();
  },
  0x30: (m) => void m.pop(),
  0x31: (m) => void m.popToMark(),
  0x32: (m) => {
    m.push(m.top());
  },
  // NONE, NEWTRUE, NEWFALSE
  0x4e: constant(null),
  0x88: constant(true),
  0x89: constant(false),
  // BININT, BININT1, BININT2, LONG1, LONG4, BINFLOAT
  0x4a: (m) => {
    m.push(m.int32());
  },
  0x4b: (m) => {
    m.push(m.uint(1));
  },
  0x4d: (m) => {
    m.push(m.uint(2));
  },
  0x8a: (m) => {
    m.push(m.integer(m.uint(1)));
  },
  0x8b: (m) => {
    m.push(m.integer(m.uint(4)));
  },
  0x47: (m) => {
    m.push(m.float64());
  },
  // BINUNICODE, SHORT_BINUNICODE, BINUNICODE8, BINSTRING, SHORT_BINSTRING
  0x58: text(4),
  0x8c: text(1),
  0x8d: text(8),
  0x54: text(4, 'latin1'),
  0x55: text(1, 'latin1'),
  // BINBYTES, SHORT_BINBYTES, BINBYTES8, BYTEARRAY8
  0x42: binary(4),
  0x43: binary(1),
  0x8e: binary(8),
  0x96: binary(8),
  // EMPTY_TUPLE, TUPLE, TUPLE1, TUPLE2, TUPLE3
  0x29: emptySequence,
  0x74: sequence,
  0x85: tuple(1),
  0x86: tuple(2),
  0x87: tuple(3),
  // EMPTY_LIST, LIST, APPEND, APPENDS
  0x5d: emptySequence,
  0x6c: sequence,
  0x61: (m) => {
    const item = m.pop();
    m.append([item]);
  },
  0x65: append,
  // EMPTY_SET, FROZENSET, ADDITEMS
  0x8f: emptySequence,
  0x91: sequence,
  0x90: append,
  // EMPTY_DICT, DICT, SETITEM, SETITEMS
  0x7d: (m) => {
    m.push(new PickleDict());
  },
  0x64: (m) => {
    const items = m.popToMark();
    m.push(new PickleDict());
    m.put(items);
  },
  0x73: (m) => {
    const value = m.pop();
    const key = m.pop();
    m.put([key, value]);
  },
  0x75: (m) => {
    m.put(m.popToMark());
  },
  // GLOBAL, STACK_GLOBAL, REDUCE, NEWOBJ, BUILD, BINPERSID
  0x63: (m) => {
    const module = m.line();
    m.global(module, m.line());
  },
  0x93: (m) => {
    const name = m.popText();
    m.global(m.popText(), name);
  },
  0x52: (m) => {
    m.call();
  },
  0x81: (m) => {
    m.make();
  },
  0x62: (m) => {
    m.build();
  },
  0x51: (m) => {
    m.persistent();
  },
  // BINPUT, LONG_BINPUT, MEMOIZE, BINGET, LONG_BINGET
  0x71: (m) => {
    m.remember(m.uint(1));
  },
  0x72: (m) => {
    m.remember(m.uint(4));
  },
  0x94: (m) => {
    m.remember();
  },
  0x68: (m) => {
    m.recall(m.uint(1));
  },
  0x6a: (m) => {
    m.recall(m.uint(4));
  },
};
