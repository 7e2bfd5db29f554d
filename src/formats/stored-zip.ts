/**
 * A zip file whose members are stored as they are, not compressed: each is a range of the file, read when asked for. PyTorch writes its
 * checkpoints so. Without compression a member is never larger than the file, so no small file unfolds into a large one.
 */
import { closeSync } from 'node:fs';
import { fromRandomAccessReaderPromise, RandomAccessReader } from 'yauzl';
import { InputError, messageOf } from '../shared/errors.ts';
import { openFile, type OpenFile, readExactly, sha256Of } from './file-read.ts';
import { printable } from './printable.ts';

export interface StoredZip {
  /** Names of the members, as the directory has them. */
  readonly names: readonly string[];
  /** In bytes of the file; undefined for a name that is not in the directory. */
  sizeOf(name: string): number | undefined;
  /** `length` bytes of a member from its byte `begin` on. Throws an `InputError` where it has fewer, and for a compressed one. */
  read(name: string, begin: number, length: number): Uint8Array<ArrayBuffer>;
  /** Of the whole file, in bytes. */
  readonly fileSize: number;
  /** Of the whole file. */
  sha256(): Promise<string>;
  close(): void;
}

interface Member {
  readonly start: number;
  readonly size: number;
  readonly isStored: boolean;
}

/** A checkpoint has one a tensor; those of the largest language models have some ten thousand. */
const MAX_MEMBERS = 100_000;
const STORED = 0;
const NOTHING: Member = { start: 0, size: 0, isStored: true };

/** Throws an `InputError` for what is no zip file or is cut off. */
export async function openStoredZip(path: string): Promise<StoredZip> {
  const file = openFile(path);
  try {
    const members = await readDirectory(file, path);
    const total = [...members.values()].reduce((sum, { size }) => sum + size, 0);
    if (total > file.size)
      throw new InputError('its members overlap: this is no checkpoint but a trap', { file: path });
    return {
      names: [...members.keys()],
      sizeOf: (name) => members.get(name)?.size,
      read: (name, begin, length) => {
        const place = { file: path, field: printable(name) };
        const { start, size, isStored } = members.get(name) ?? NOTHING;
        if (!isStored) {
          throw new InputError(
            'is compressed, which torch.save does not do; unpack it and save the model again',
            place,
          );
        }
        if (begin + length > size) {
          throw new InputError(`holds ${size} bytes where ${begin + length} are needed`, place);
        }
        return readExactly(file, start + begin, length, path);
      },
      fileSize: file.size,
      sha256: () => sha256Of(file),
      close: () => {
        closeSync(file.descriptor);
      },
    };
  } catch (error) {
    closeSync(file.descriptor);
    throw error;
  }
}

async function readDirectory(file: OpenFile, path: string): Promise<Map<string, Member>> {
  const members = new Map<string, Member>();
  try {
    const reader = new BoundedReader(file, path);
    const zip = await fromRandomAccessReaderPromise(reader, file.size, { lazyEntries: true, autoClose: false });
    if (zip.entryCount > MAX_MEMBERS) throw new InputError(`more than ${MAX_MEMBERS} members`, { file: path });
    for await (const entry of zip.eachEntry()) {
      if (members.has(entry.fileName)) throw broken('two members have one name', path);
      const { fileDataStart } = await zip.readLocalFileHeaderPromise(entry, { minimal: true });
      const { compressionMethod, compressedSize: size } = entry;
      members.set(entry.fileName, { start: fileDataStart, size, isStored: compressionMethod === STORED });
    }
    return members;
  } catch (error) {
    // What yauzl throws speaks of the file alone.
    throw error instanceof InputError ? error : broken(messageOf(error), path);
  }
}

/** yauzl's own reader throws where nobody can catch it when a damaged file sends it beyond what a file can be. */
class BoundedReader extends RandomAccessReader {
  readonly #file: OpenFile;
  readonly #path: string;

  constructor(file: OpenFile, path: string) {
    super();
    this.#file = file;
    this.#path = path;
  }

  override read(
    buffer: Buffer,
    offset: number,
    length: number,
    position: number,
    callback: (error: Error | null) => void,
  ): void {
    process.nextTick(() => {
      callback(this.#fill(buffer.subarray(offset, offset + length), position));
    });
  }

  #fill(target: Buffer, position: number): Error | null {
    if (!(position >= 0 && position + target.length <= this.#file.size))
      return new Error('it points outside of itself');
    try {
      target.set(readExactly(this.#file, position, target.length, this.#path));
      return null;
    } catch (error) {
      return error instanceof Error ? error : new Error(String(error));
    }
  }
}

function broken(reason: string, path: string): InputError {
  return new InputError(`is no zip file, or a damaged one: ${printable(reason)}; copy or download it again`, {
    file: path,
  });
}
