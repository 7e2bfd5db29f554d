/** A file that only grows, its lines gathered in memory until they are flushed. */
import { closeSync, fstatSync, fsyncSync, openSync, writeSync } from 'node:fs';
import { fileFault } from '../formats/file-faults.ts';

export class Appender {
  readonly #path: string;
  readonly #file: number;
  #pending: string[] = [];

  /** Throws an `InputError` naming the file, here as in `flush`, when the system refuses. */
  constructor(path: string) {
    this.#path = path;
    this.#file = this.#faulted(() => openSync(path, 'a'));
  }

  /** Bytes in the file; what is not flushed is not counted. */
  size(): number {
    return fstatSync(this.#file).size;
  }

  add(text: string): void {
    if (text !== '') this.#pending.push(text);
  }

  flush(): void {
    if (this.#pending.length === 0) return;
    const bytes = Buffer.from(this.#pending.join(''));
    // Taken off first: after a failed write the reader passes over one torn line instead of meeting it twice.
    this.#pending = [];
    this.#faulted(() => {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#file, bytes, done);
    });
  }

  /** Forces what was flushed to the disk. */
  sync(): void {
    this.#faulted(() => {
      fsyncSync(this.#file);
    });
  }

  close(): void {
    closeSync(this.#file);
  }

  #faulted<T>(work: () => T): T {
    try {
      return work();
    } catch (error) {
      throw fileFault(error, this.#path);
    }
  }
}
