/**
 * The header of a safetensors file: 8 bytes of little-endian length, then JSON that gives each tensor a dtype, a shape and
 * where its bytes lie in the data that follows; `__metadata__` maps strings to strings. As in the reference, the tensors
 * must fill the data without gap or overlap.
 */
import { InputError } from '../shared/errors.ts';
import type { DType, Tensor } from '../graph/tensor.ts';
import { sizeOf } from '../graph/tensor.ts';
import { faultOfKeys } from './json-keys.ts';
import { printable } from './printable.ts';

/** 100 000 tensors take about 12 MB; the reference reads up to 100 MB, which no model needs. */
export const MAX_HEADER_BYTES = 32 * 2 ** 20;
/** { tensors { fields { [ offsets ] } } } */
const MAX_HEADER_DEPTH = 3;
/** Module paths are some tens of characters; names go into one-line messages. */
const MAX_NAME_LENGTH = 1000;
/** NumPy and PyTorch stop at 64. */
const MAX_DIMS = 64;

/** What a file can hold: the tensor dtypes, and two that are widened or narrowed to float32 when read. */
export type StoredDType = DType | 'bfloat16' | 'float64';

/** The format's names, in the order in which the reference lays tensors out: widest first. */
const STORED = {
  I64: { dtype: 'int64', width: 8 },
  F64: { dtype: 'float64', width: 8 },
  F32: { dtype: 'float32', width: 4 },
  U32: { dtype: 'uint32', width: 4 },
  I32: { dtype: 'int32', width: 4 },
  BF16: { dtype: 'bfloat16', width: 2 },
  F16: { dtype: 'float16', width: 2 },
  I8: { dtype: 'int8', width: 1 },
  U8: { dtype: 'uint8', width: 1 },
  BOOL: { dtype: 'bool', width: 1 },
} as const satisfies Record<string, { dtype: StoredDType; width: number }>;

type StoredName = keyof typeof STORED;
const ORDER = Object.keys(STORED) as StoredName[];

export interface TensorEntry {
  readonly dtype: StoredDType;
  readonly shape: readonly number[];
  /** First and past-the-last byte within the data. */
  readonly begin: number;
  readonly end: number;
}

export interface SafetensorsHeader {
  readonly metadata: Readonly<Record<string, string>>;
  readonly tensors: ReadonlyMap<string, TensorEntry>;
}

/** Reads the JSON of a header and checks it against the `dataBytes` that follow it. Throws an `InputError` naming `file`. */
export function parseHeader(bytes: Uint8Array, dataBytes: number, file: string): SafetensorsHeader {
  const header = parseObject(bytes, file);
  const metadata: Record<string, string> = {};
  const tensors = new Map<string, TensorEntry>();
  for (const [name, value] of Object.entries(header)) {
    if (name === '__metadata__') Object.assign(metadata, parseMetadata(value, file));
    else if (isName(name)) tensors.set(name, parseEntry(value, { file, field: name }));
    else throw new InputError(`no name of a tensor: ${JSON.stringify(name.slice(0, 40))}`, { file });
  }
  checkCoverage(tensors, dataBytes, file);
  return { metadata, tensors };
}

/** The bytes of a header, length included and padded to 8, and the tensors in the order in which their data follows. */
export function layOut(
  tensors: ReadonlyMap<string, Tensor>,
  metadata: Readonly<Record<string, string>> | undefined,
): { header: Uint8Array; ordered: Tensor[] } {
  const entries = [...tensors].map(([name, tensor]) => ({ name, tensor, stored: storedName(tensor.dtype) }));
  entries.sort((a, b) => ORDER.indexOf(a.stored) - ORDER.indexOf(b.stored) || (a.name < b.name ? -1 : 1));
  let offset = 0;
  const described = entries.map(({ name, tensor, stored }) => {
    const begin = offset;
    offset += tensor.data.byteLength;
    return [name, { dtype: stored, shape: tensor.shape, data_offsets: [begin, offset] }] as const;
  });
  const json = jsonOfPairs(metadata === undefined ? described : [['__metadata__', metadata], ...described]);
  const text = Buffer.from(json, 'utf8');
  const header = Buffer.alloc(8 + Math.ceil(text.length / 8) * 8, ' ');
  header.writeBigUInt64LE(BigInt(header.length - 8));
  header.set(text, 8);
  return { header, ordered: entries.map(({ tensor }) => tensor) };
}

/** An object would put keys that look like numbers first. */
function jsonOfPairs(pairs: readonly (readonly [string, unknown])[]): string {
  return `{${pairs.map(([key, value]) => `${JSON.stringify(key)}:${JSON.stringify(value)}`).join(',')}}`;
}

function storedName(dtype: DType): StoredName {
  return ORDER.find((name) => STORED[name].dtype === dtype)!;
}

function parseObject(bytes: Uint8Array, file: string): object {
  let value: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    const fault = faultOfKeys(text, MAX_HEADER_DEPTH);
    if (fault !== undefined) throw new InputError(`the header is damaged: ${fault}`, { file });
    value = JSON.parse(text);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError('the header is not JSON; this is no safetensors file, or a damaged one', { file });
  }
  if (!isRecord(value)) throw new InputError('the header is not a JSON object', { file });
  return value;
}

function parseMetadata(value: unknown, file: string): Record<string, string> {
  if (isRecord(value) && Object.values(value).every((item) => typeof item === 'string')) {
    return value as Record<string, string>;
  }
  throw new InputError('must map strings to strings', { file, field: '__metadata__' });
}

function parseEntry(value: unknown, place: { file: string; field: string }): TensorEntry {
  const { dtype, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  if (
    typeof dtype !== 'string' ||
    !isCounts(shape) ||
    shape.length > MAX_DIMS ||
    !isCounts(offsets) ||
    offsets.length !== 2
  ) {
    throw new InputError('a tensor needs a dtype, a shape and two data_offsets', place);
  }
  if (!Object.hasOwn(STORED, dtype)) {
    throw new InputError(`dtype ${printable(dtype)} is not supported; use one of ${ORDER.join(', ')}`, place);
  }
  const stored = STORED[dtype as StoredName];
  const [begin, end] = offsets as [number, number];
  const expected = sizeOf(shape) * stored.width;
  if (end - begin !== expected) {
    throw new InputError(`${dtype} of shape [${shape.join(', ')}] needs ${expected} bytes, has ${end - begin}`, place);
  }
  return { dtype: stored.dtype, shape, begin, end };
}

function checkCoverage(tensors: ReadonlyMap<string, TensorEntry>, dataBytes: number, file: string): void {
  let position = 0;
  for (const [name, { begin, end }] of [...tensors].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end)) {
    if (begin !== position) {
      throw new InputError(`${begin < position ? 'overlaps' : 'leaves a gap after'} the tensor before it`, {
        file,
        field: name,
      });
    }
    position = end;
  }
  if (position > dataBytes) {
    throw new InputError(`truncated: ${position - dataBytes} bytes are missing; copy or download it again`, { file });
  }
  if (position < dataBytes) throw new InputError(`${dataBytes - position} bytes belong to no tensor`, { file });
}

function isName(name: string): boolean {
  return name.length > 0 && name.length <= MAX_NAME_LENGTH && !/\p{Cc}/u.test(name);
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isCounts(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && (item as number) >= 0);
}
