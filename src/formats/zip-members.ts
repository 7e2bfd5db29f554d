/** The members of a zip file as streams, unpacked; for files too large to be held in memory. */
import type { Readable } from 'node:stream';
import { type Entry, openPromise } from 'yauzl';
import { InputError, messageOf } from '../shared/errors.ts';
import { codeOf, fileFault } from './file-faults.ts';
import { printable } from './printable.ts';

export interface ZipMembers {
  /** Unpacked bytes by name, as its directory says; folders are left out. */
  readonly sizes: ReadonlyMap<string, number>;
  /** The content of a member, which is never longer than its size. Ends in a `Z_…` error where it is damaged. */
  stream(name: string): Promise<Readable>;
  close(): void;
}

/** Throws an `InputError` for what is no zip file, a damaged one, or one of more than `maxMembers`. */
export async function openZipMembers(path: string, maxMembers: number): Promise<ZipMembers> {
  const zip = await openPromise(path, { lazyEntries: true, autoClose: false }).catch((error: unknown) => {
    throw codeOf(error) === undefined ? damagedZip(path, messageOf(error)) : fileFault(error, path);
  });
  try {
    if (zip.entryCount > maxMembers) throw damagedZip(path, `it has ${zip.entryCount} members`);
    const entries = new Map<string, Entry>();
    for await (const entry of zip.eachEntry()) {
      if (entries.has(entry.fileName)) throw damagedZip(path, 'two members have one name');
      if (!entry.fileName.endsWith('/')) entries.set(entry.fileName, entry);
    }
    return {
      sizes: new Map([...entries].map(([name, { uncompressedSize }]) => [name, uncompressedSize])),
      stream: async (name) => {
        try {
          return await zip.openReadStreamPromise(entries.get(name)!);
        } catch (error) {
          throw damagedZip(path, messageOf(error));
        }
      },
      close: () => {
        zip.close();
      },
    };
  } catch (error) {
    zip.close();
    // What yauzl throws speaks of the file alone.
    throw error instanceof InputError ? error : damagedZip(path, messageOf(error));
  }
}

function damagedZip(path: string, reason: string): InputError {
  return new InputError(`is no zip file, or a damaged one: ${printable(reason)}; fetch it again`, { file: path });
}
