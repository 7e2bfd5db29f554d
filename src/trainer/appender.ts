/**
 * A file of lines that only grows, gathered in memory until they are flushed. A line that was left torn, by a killed process
 * or a full disk, is ended before the next is written, so that it spoils no other.
 */
import { closeSync, fstatSync, fsyncSync, openSync, readSync, writeSync } from 'node:fs';
import { fileFault } from '../formats/file-faults.ts';

export class Appender {
  readonly #path: string;
  readonly #file: number;
  #pending: string[] = [];
  #torn: boolean;

  /** Throws an `InputError` naming the file, here as in `flush`, when the system refuses. */
  constructor(path: string) {
    this.#path = path;
    this.#file = this.#faulted(() => openSync(path, 'a+'));
    this.#torn = endsTorn(this.#file);
  }

  add(text: string): void {
    if (text !== '') this.#pending.push(text);
  }

  flush(): void {
    if (this.#pending.length === 0) return;
    const bytes = Buffer.from((this.#torn ? '\n' : '') + this.#pending.join(''));
    this.#pending = [];
    this.#torn = true;
    this.#faulted(() => {
      for (let done = 0; done < bytes.length;) done += writeSync(this.#file, bytes, done);
    });
    this.#torn = false;
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

function endsTorn(file: number): boolean {
  const { size } = fstatSync(file);
  const last = Buffer.alloc(1);
  return size > 0 && readSync(file, last, 0, 1, size - 1) === 1 && last[0] !== 0x0a;
}
