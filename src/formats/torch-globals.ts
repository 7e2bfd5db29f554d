/** What a PyTorch checkpoint may name, and what a call of it stands for. Nothing is ever run. */
import { PickleDict, PickleGlobal, PickleRecord, PickleSequence } from './pickle-values.ts';
import type { PickleValue } from './pickle-values.ts';

/**
 * Element types by the storage class that names them; the tensor's own type is that of its storage. `bfloat16` and `float64` are read as
 * float32.
 */
export const STORAGES = {
  'torch.FloatStorage': { dtype: 'float32', width: 4 },
  'torch.HalfStorage': { dtype: 'float16', width: 2 },
  'torch.BFloat16Storage': { dtype: 'bfloat16', width: 2 },
  'torch.DoubleStorage': { dtype: 'float64', width: 8 },
  'torch.LongStorage': { dtype: 'int64', width: 8 },
  'torch.IntStorage': { dtype: 'int32', width: 4 },
  'torch.CharStorage': { dtype: 'int8', width: 1 },
  'torch.ByteStorage': { dtype: 'uint8', width: 1 },
  'torch.BoolStorage': { dtype: 'bool', width: 1 },
} as const;

export type StorageClass = keyof typeof STORAGES;
type StorageType = (typeof STORAGES)[StorageClass];

/** One member of the zip file: a run of elements that tensors are views of. */
export class TorchStorage extends PickleRecord {
  readonly key: string;
  readonly element: StorageType;
  readonly length: number;

  constructor(key: string, type: StorageClass, length: number) {
    super(type);
    this.key = key;
    this.element = STORAGES[type];
    this.length = length;
  }
}

/** A view of a storage: offset and strides in elements. */
export class TorchTensor extends PickleRecord {
  readonly storage: TorchStorage;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly strides: readonly number[];

  constructor(storage: TorchStorage, offset: number, shape: readonly number[], strides: readonly number[]) {
    super('torch.Tensor');
    this.storage = storage;
    this.offset = offset;
    this.shape = shape;
    this.strides = strides;
  }
}

/** Modules of networks and what libraries keep beside them: read as the name of a class with what is in it. */
const INERT_CLASSES = [
  /^torch\.nn\.(modules|parameter)\.\w+(\.\w+)?$/,
  /^ultralytics(\.\w+)+$/,
  /^torch\.(Size|device|float16|float32|float64|bfloat16|int64|int32|int8|uint8|bool)$/,
  /^torch\.serialization\._get_layout$/,
  /^numpy\.(_?core\.multiarray\.(scalar|_reconstruct)|ndarray|dtype|(dtypes|_core)\.\w+|(float|int|uint)\d+|bool_?)$/,
  /^pathlib\.(Posix|Windows|Pure\w*)?Path$/,
  /^datetime\.(datetime|timezone|timedelta)$/,
  /^types\.SimpleNamespace$/,
  /^builtins\.(set|frozenset|slice|range|complex|bytearray|object|int|float|str|bool|list|tuple|dict)$/,
  /^copyreg\._reconstructor$/,
  /^collections\.(defaultdict|deque|Counter)$/,
];

type Call = (args: readonly PickleValue[]) => PickleValue | undefined;

const tensorOf: Call = ([storage, offset, shape, strides]) => {
  const [lengths, steps] = [shape, strides].map(countsOf);
  if (!(storage instanceof TorchStorage) || !isCount(offset) || lengths?.length !== steps?.length) return undefined;
  return lengths && steps && new TorchTensor(storage, offset, lengths, steps);
};

/** A parameter is the tensor in it. */
const tensorIn: Call = ([tensor]) => (tensor instanceof TorchTensor ? tensor : undefined);

const CALLS: ReadonlyMap<string, Call> = new Map<string, Call>([
  ['torch._utils._rebuild_tensor_v2', tensorOf],
  ['torch._utils._rebuild_tensor', tensorOf],
  ['torch._utils._rebuild_parameter', tensorIn],
  ['torch._utils._rebuild_parameter_with_state', tensorIn],
  ['collections.OrderedDict', ([pairs]) => (pairs === undefined ? new PickleDict() : dictOf(pairs))],
  ['_codecs.encode', ([text]) => (typeof text === 'string' ? new Uint8Array(Buffer.from(text, 'latin1')) : undefined)],
  // A fused module keeps another method as its own: `getattr(module, 'forward_fuse')`.
  ['builtins.getattr', ([object, name]) => (isMethodOf(object, name) ? new PickleRecord('method') : undefined)],
  ['builtins.set', ([items]) => (items instanceof PickleSequence ? items : new PickleSequence([]))],
]);

export function isAllowed(name: string): boolean {
  return CALLS.has(name) || name in STORAGES || INERT_CLASSES.some((pattern) => pattern.test(name));
}

/** Undefined for arguments that the function does not take. */
export function callOf(name: string, args: readonly PickleValue[]): PickleValue | undefined {
  const call = CALLS.get(name);
  return call === undefined ? new PickleRecord(name, args) : call(args);
}

/** `('storage', torch.FloatStorage, '12', 'cpu', 864)`. */
export function storageOf(id: PickleValue): TorchStorage | undefined {
  const [kind, type, key, , length] = id instanceof PickleSequence ? id.items : [];
  if (kind !== 'storage' || !(type instanceof PickleGlobal) || typeof key !== 'string' || !isCount(length)) {
    return undefined;
  }
  return isStorage(type.name) ? new TorchStorage(key, type.name, length) : undefined;
}

function isStorage(name: string): name is StorageClass {
  return Object.hasOwn(STORAGES, name);
}

function dictOf(pairs: PickleValue): PickleDict | undefined {
  if (!(pairs instanceof PickleSequence)) return undefined;
  const dict = new PickleDict();
  for (const pair of pairs.items) {
    const [key, value] = pair instanceof PickleSequence ? pair.items : [];
    if (key === undefined || value === undefined) return undefined;
    dict.entries.set(key, value);
  }
  return dict;
}

function countsOf(value: PickleValue | undefined): number[] | undefined {
  if (!(value instanceof PickleSequence) || !value.items.every(isCount)) return undefined;
  return value.items;
}

function isMethodOf(object: PickleValue | undefined, name: PickleValue | undefined): boolean {
  return object instanceof PickleRecord && typeof name === 'string' && name.startsWith('forward');
}

function isCount(value: PickleValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
