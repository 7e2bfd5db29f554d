/** Bytes of a file at known places. */
import { createHash } from 'node:crypto';
import { closeSync, createReadStream, fstatSync, openSync, readSync, statSync } from 'node:fs';
import { InputError } from '../shared/errors.ts';
import { fileFault } from './file-faults.ts';

/** Node reads at most 2³¹ − 1 bytes at once. */
const READ_CHUNK = 2 ** 30;

export interface OpenFile {
  readonly descriptor: number;
  readonly size: number;
}

/** Opens a regular file (a pipe or a device would block or never end). Throws an `InputError` naming `path`. */
export function openFile(path: string): OpenFile {
  try {
    if (!statSync(path).isFile()) throw new InputError('is not a file', { file: path });
    const descriptor = openSync(path, 'r');
    return { descriptor, size: fstatSync(descriptor).size };
  } catch (error) {
    throw fileFault(error, path);
  }
}

/** Exactly these bytes, in a buffer of their own, so that any element type is aligned in it. */
export function readExactly(
  { descriptor }: OpenFile,
  start: number,
  length: number,
  path: string,
): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(Buffer.allocUnsafeSlow(length).buffer);
  let done = 0;
  try {
    while (done < length) {
      const read = readSync(descriptor, bytes, done, Math.min(length - done, READ_CHUNK), start + done);
      if (read === 0) throw new InputError('ended while being read; is another program writing it?', { file: path });
      done += read;
    }
  } catch (error) {
    throw fileFault(error, path);
  }
  return bytes;
}

/** The whole of a file of at most `maxBytes`. */
export function readWhole(path: string, maxBytes: number): Uint8Array<ArrayBuffer> {
  const file = openFile(path);
  try {
    if (file.size > maxBytes) {
      throw new InputError(`${file.size} bytes are more than the ${maxBytes} allowed`, { file: path });
    }
    return readExactly(file, 0, file.size, path);
  } finally {
    closeSync(file.descriptor);
  }
}

/** Of the whole file, in hexadecimal digits. */
export async function sha256Of({ descriptor }: OpenFile): Promise<string> {
  const hash = createHash('sha256');
  const stream = createReadStream('', { fd: descriptor, autoClose: false, start: 0, highWaterMark: 2 ** 20 });
  for await (const chunk of stream) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
