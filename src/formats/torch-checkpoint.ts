/**
 * Checkpoints of `torch.save` (PyTorch 1.6 and later): a zip file of stored members, `<name>/data.pkl` with everything but the numbers and
 * `<name>/data/<key>` with those of one storage. Its pickle is read as data (pickle.ts), a tensor when it is asked for.
 */
import { InputError } from '../shared/errors.ts';
import type { Place } from '../shared/errors.ts';
import { sizeOf } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';
import { closeSync } from 'node:fs';
import { openFile, readExactly } from './file-read.ts';
import { readPickle } from './pickle.ts';
import type { PickleValue } from './pickle-values.ts';
import { printable } from './printable.ts';
import { tensorOf } from './stored-tensor.ts';
import { openStoredZip } from './stored-zip.ts';
import type { StoredZip } from './stored-zip.ts';
import { callOf, isAllowed, storageOf } from './torch-globals.ts';
import type { TorchTensor } from './torch-globals.ts';

export interface TorchCheckpoint {
  readonly root: PickleValue;
  /** In row-major order; bfloat16 and float64 as float32. `name` is told in errors. */
  read(tensor: TorchTensor, name: string): Tensor;
  /** Of the file. */
  sha256(): Promise<string>;
  close(): void;
}

/** The dimensions of a convolution are four. */
const MAX_RANK = 8;
/** Weights may share a storage, but many of one are a trap: bytes that are read, for each byte of the file. */
const MAX_READ_PER_BYTE = 4;

/** Throws an `InputError` for other files, older forms and TorchScript, and for a pickle that names what is not allowed. */
export async function openTorchCheckpoint(path: string): Promise<TorchCheckpoint> {
  refuseOtherForms(path);
  const zip = await openStoredZip(path);
  try {
    const prefix = prefixOf(zip, path);
    const place: Place = { file: path, field: 'data.pkl' };
    const root = readPickle(wholeMember(zip, `${prefix}data.pkl`), {
      allows: isAllowed,
      call: (name, args) =>
        callOf(name, args) ?? refuse(`${printable(name)} is called with what it does not take`, place),
      persistent: (id) => storageOf(id) ?? refuse('a storage of an unknown type', place),
      place,
    });
    let left = MAX_READ_PER_BYTE * zip.fileSize;
    return {
      root,
      read: (tensor, name) => {
        const bytes = bytesOf(zip, tensor, { prefix, place: { file: path, field: printable(name) } });
        left -= bytes.length;
        if (left < 0) refuse('its tensors together are larger than the file several times over', { file: path });
        return tensorOf(tensor, bytes);
      },
      sha256: () => zip.sha256(),
      close: () => {
        zip.close();
      },
    };
  } catch (error) {
    zip.close();
    throw error;
  }
}

function refuse(reason: string, place: Place): never {
  throw new InputError(reason, place);
}

const ZIP = 'PK';
/** A pickle of protocol 2 or later: what `torch.save` wrote before 1.6, and what `pickle.dump` writes. */
const PICKLE = '\x80';

function refuseOtherForms(path: string): void {
  const file = openFile(path);
  try {
    const start = Buffer.from(readExactly(file, 0, Math.min(2, file.size), path)).toString('latin1');
    if (start === ZIP) return;
    if (start.startsWith(PICKLE)) {
      refuse('has the form of PyTorch before 1.6; load it there and save it again with torch.save', { file: path });
    }
    refuse('is no checkpoint of torch.save (no zip file)', { file: path });
  } finally {
    closeSync(file.descriptor);
  }
}

/** The name of the folder in the zip file, with its slash: that of the file when it was saved. */
function prefixOf(zip: StoredZip, path: string): string {
  const pickle = zip.names.find((name) => /^([^/]+\/)?data\.pkl$/.test(name));
  if (pickle === undefined) refuse('is a zip file without data.pkl: no checkpoint of torch.save', { file: path });
  const prefix = pickle.slice(0, -'data.pkl'.length);
  if (zip.names.includes(`${prefix}constants.pkl`)) {
    refuse('is TorchScript, a program; save the model itself with torch.save, or export it as ONNX', { file: path });
  }
  const order = `${prefix}byteorder`;
  if (zip.sizeOf(order) !== undefined && Buffer.from(wholeMember(zip, order)).toString('latin1') !== 'little') {
    refuse('was saved on a big-endian machine; save it again on another', { file: path });
  }
  return prefix;
}

function wholeMember(zip: StoredZip, name: string): Uint8Array<ArrayBuffer> {
  return zip.read(name, 0, zip.sizeOf(name) ?? 0);
}

/** Those from the first element of the view to its last, checked against the storage. */
function bytesOf(
  zip: StoredZip,
  { storage, offset, shape, strides }: TorchTensor,
  { prefix, place }: { prefix: string; place: Place },
): Uint8Array<ArrayBuffer> {
  const elements = sizeOf(shape);
  const { length, element, key } = storage;
  const span = elements === 0 ? 0 : 1 + shape.reduce((sum, dim, axis) => sum + (dim - 1) * strides[axis]!, 0);
  // A view that repeats elements could be any size.
  if (shape.length > MAX_RANK || elements > length || offset + span > length) {
    refuse(`[${shape.join(', ')}] does not lie within its storage of ${length} elements`, place);
  }
  const member = `${prefix}data/${key}`;
  const stored = zip.sizeOf(member) ?? refuse(`its storage ${printable(key)} is missing; is the file cut off?`, place);
  if (stored !== length * element.width) {
    refuse(
      `its storage has ${stored} bytes, ${length} elements of ${element.dtype} take ${length * element.width}`,
      place,
    );
  }
  return zip.read(member, offset * element.width, span * element.width);
}
