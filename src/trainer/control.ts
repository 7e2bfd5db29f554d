/** The trainer's ear: takes the commands out of `control/` between steps, in the order of their numbers. */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { type ControlCommand, controlFileSchema, numberOf } from '../shared/run/control.ts';
import type { NewRunEvent } from '../shared/run/events.ts';
import { RUN_PATHS } from '../shared/run/layout.ts';

/** A command is one short line. */
const MAX_CONTROL_BYTES = 4096;
/** More commands than people can give: the rest waits for the next step. */
const MAX_COMMANDS_AT_ONCE = 100;
/** A file that cannot be read is still being written, unless it is older than this. */
const WRITING_MS = 2_000;
/** How long a paused trainer takes to notice a command. */
const POLL_MS = 200;

export interface ReceivedCommand {
  readonly id: number;
  readonly command: ControlCommand;
}

export class ControlReader {
  readonly #directory: string;
  readonly #record: (event: NewRunEvent) => void;
  readonly #since: number;
  /** Handled files that could not be deleted, as in a folder that became read-only. */
  readonly #handled = new Set<string>();

  /**
   * Commands given before `since` (milliseconds since 1970) were meant for an earlier process of this run; they are dropped.
   * What is wrong with a command file becomes a warning event.
   */
  constructor(folder: string, record: (event: NewRunEvent) => void, since = Math.floor(performance.timeOrigin)) {
    this.#directory = join(folder, RUN_PATHS.control);
    this.#record = record;
    this.#since = since;
  }

  /** What was asked since the last call. Acknowledge each once it is done. */
  poll(): ReceivedCommand[] {
    return this.#fileNames().flatMap((name) => {
      const received = this.#take(name);
      return received === null ? [] : [received];
    });
  }

  /** The next commands, waited for: what a paused trainer does. */
  async next(): Promise<ReceivedCommand[]> {
    for (;;) {
      const received = this.poll();
      if (received.length > 0) return received;
      await sleep(POLL_MS);
    }
  }

  /** `refused` says why the command could not be obeyed; null when it was. */
  acknowledge({ id, command }: ReceivedCommand, refused: string | null = null): void {
    this.#record({ type: 'control-acknowledged', id, command, refused });
  }

  #fileNames(): string[] {
    let names: string[];
    try {
      names = readdirSync(this.#directory);
    } catch {
      return [];
    }
    return names
      .filter((name) => numberOf(name) !== null && !this.#handled.has(name))
      .sort((a, b) => numberOf(a)! - numberOf(b)!)
      .slice(0, MAX_COMMANDS_AT_ONCE);
  }

  #take(name: string): ReceivedCommand | null {
    const path = join(this.#directory, name);
    const parsed = controlFileSchema.safeParse(contentOf(path));
    if (!parsed.success && ageOf(path) < WRITING_MS) return null;
    this.#forget(name);
    if (!parsed.success) {
      this.#record({ type: 'warning', message: `control/${name} holds no command and was ignored` });
      return null;
    }
    return parsed.data.time < this.#since ? null : { id: numberOf(name)!, command: parsed.data.command };
  }

  #forget(name: string): void {
    try {
      rmSync(join(this.#directory, name));
    } catch {
      this.#handled.add(name);
    }
  }
}

/** The JSON in a file; undefined where there is none. */
function contentOf(path: string): unknown {
  try {
    const found = statSync(path);
    return found.isFile() && found.size <= MAX_CONTROL_BYTES ? JSON.parse(readFileSync(path, 'utf8')) : undefined;
  } catch {
    return undefined;
  }
}

function ageOf(path: string): number {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return Infinity;
  }
}
