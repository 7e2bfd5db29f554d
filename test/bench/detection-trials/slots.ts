/**
 * Runs of the command line side by side on one machine, each bound to cores of its own: what a table of trials is made with. A slot is
 * `ENGINE@CORES[@CARD]`: `onnxruntime-cpu@0-1`, `onnxruntime-cuda@4@0`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, symlinkSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { dataHome } from '../../../src/formats/data-home.ts';

export interface Slot {
  readonly engine: string;
  /** As `taskset -c` takes them. */
  readonly cores: string;
  /** What the process sees as the only card; undefined leaves the environment alone. */
  readonly card: string | undefined;
}

export interface Task {
  readonly name: string;
  /** The larger is started first: long ones at the end keep all others waiting. */
  readonly weight: number;
  readonly command: (slot: Slot) => readonly string[];
}

export interface Finished {
  readonly task: Task;
  readonly slot: Slot;
  readonly code: number | null;
  /** The end of what it said on stderr. */
  readonly said: string;
}

/** A run that fails on a card is tried once more, on any slot. */
const ATTEMPTS = 2;
const MAX_SAID = 2000;
/** Of util-linux. */
const BIND = 'taskset';

export function slotOf(text: string): Slot {
  const [engine, cores, card] = text.split('@');
  if (engine === undefined || cores === undefined) throw new Error(`${text} is no slot: write ENGINE@CORES[@CARD]`);
  return { engine, cores, card };
}

/**
 * A cache for one slot, the engine packs in it those of this machine: a card belongs to one run at a time of those that share a cache,
 * and these are to share it.
 */
function ownCache(folder: string): string {
  mkdirSync(folder, { recursive: true });
  symlinkSync(dataHome('engines'), join(folder, 'engines'));
  return folder;
}

export function coresIn(cores: string): number {
  return cores
    .split(',')
    .map((range) => range.split('-').map(Number))
    .reduce((sum, [first = 0, last = first]) => sum + last - first + 1, 0);
}

export class Pool {
  readonly #free: (Slot & { readonly cache: string })[];
  readonly #waiting: { readonly task: Task; readonly attempt: number }[] = [];
  readonly #done: (finished: Finished) => Promise<readonly Task[]>;
  readonly #deadline: number;
  #running = 0;
  #settle: () => void = () => undefined;

  /** `done` is told of each run that has ended and may add others. */
  constructor(
    slots: readonly Slot[],
    deadline: number,
    work: string,
    done: (finished: Finished) => Promise<readonly Task[]>,
  ) {
    this.#free = slots.map((slot, index) => ({ ...slot, cache: ownCache(resolve(work, `.cache-${index}`)) }));
    this.#deadline = deadline;
    this.#done = done;
  }

  /** Until everything has run, or the time (of `Date.now`) is over: what runs then is ended. */
  async run(tasks: readonly Task[]): Promise<void> {
    const settled = new Promise<void>((resolve) => (this.#settle = resolve));
    this.#add(tasks.map((task) => ({ task, attempt: 1 })));
    await settled;
  }

  #add(more: readonly { readonly task: Task; readonly attempt: number }[]): void {
    this.#waiting.push(...more);
    this.#waiting.sort((a, b) => b.task.weight - a.task.weight);
    while (this.#free.length > 0 && this.#waiting.length > 0 && Date.now() < this.#deadline) {
      void this.#start(this.#waiting.shift()!, this.#free.shift()!);
    }
    if (this.#running === 0) this.#settle();
  }

  async #start(
    entry: { readonly task: Task; readonly attempt: number },
    slot: Slot & { readonly cache: string },
  ): Promise<void> {
    this.#running += 1;
    const [command = '', ...rest] = entry.task.command(slot);
    const child = spawn(BIND, ['-c', slot.cores, command, ...rest], {
      env: {
        ...process.env,
        LOWRANK_CACHE: slot.cache,
        ...(slot.card !== undefined && { CUDA_VISIBLE_DEVICES: slot.card }),
      },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (data: Buffer) => (said = (said + data.toString()).slice(-MAX_SAID)));
    const end = setTimeout(() => child.kill('SIGINT'), Math.max(0, this.#deadline - Date.now()));
    const [code] = (await once(child, 'close').catch((error: unknown) => {
      said = String(error);
      return [null];
    })) as [number | null];
    clearTimeout(end);
    const again = code !== 0 && entry.attempt < ATTEMPTS && Date.now() < this.#deadline;
    const more = again ? [] : await this.#done({ task: entry.task, slot, code, said });
    this.#running -= 1;
    this.#free.push(slot);
    this.#add(again ? [{ ...entry, attempt: entry.attempt + 1 }] : more.map((task) => ({ task, attempt: 1 })));
  }
}
