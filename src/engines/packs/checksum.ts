/** The sha256 of a file of any size, in hexadecimal. */
import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { fileFault } from '../../formats/file-faults.ts';

/** `onBytes` is told how many bytes were read. Throws an `InputError` for a file that cannot be read. */
export async function sha256Of(path: string, onBytes: (read: number) => void = () => undefined): Promise<string> {
  const hash = createHash('sha256');
  let read = 0;
  try {
    for await (const chunk of createReadStream(path, { highWaterMark: 2 ** 20 })) {
      hash.update(chunk as Buffer);
      read += (chunk as Buffer).length;
      onBytes(read);
    }
  } catch (error) {
    throw fileFault(error, path);
  }
  return hash.digest('hex');
}
