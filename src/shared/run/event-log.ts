/** Reads `events.jsonl` while it is being written: whole lines only, wherever the writer stands. */
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { parseEvent, type RunEvent } from './events.ts';
import { RUN_PATHS } from './layout.ts';

/** Over a million steps. Of a longer file the end is read, which is where a run's state lies. */
const MAX_EVENTS_BYTES = 256 * 2 ** 20;
/** Read at once; larger than any line that is an event. */
const CHUNK_BYTES = 4 * 2 ** 20;
/** Parsed before others have their turn: an editor reads runs of a hundred thousand steps in the process that all extensions share. */
const LINES_AT_ONCE = 1_000;
/** Between two looks at a file that grows. File system watchers miss changes on network and container mounts. */
const POLL_MS = 150;

export interface EventHistory {
  readonly events: readonly RunEvent[];
  /** Bytes up to the end of the last whole line: where `followEvents` goes on. */
  readonly offset: number;
  /** Lines that are no event: torn by a killed writer, or of a later version. */
  readonly damagedLines: number;
}

/**
 * The events of a run from `fromOffset` on, all without it; none where the run has not begun to write them. An offset that comes back
 * smaller tells that another file has taken this one's place.
 */
export async function readEvents(folder: string, fromOffset?: number): Promise<EventHistory> {
  const events: RunEvent[] = [];
  let damagedLines = 0;
  const file = await openIfThere(folder);
  if (file === null) return { events, offset: 0, damagedLines };
  try {
    const { size } = await file.stat();
    if (fromOffset !== undefined && size < fromOffset) return { events, offset: 0, damagedLines };
    let offset = fromOffset ?? Math.max(0, size - MAX_EVENTS_BYTES);
    for (;;) {
      const chunk = await readLines(file, offset);
      if (chunk === null) return { events, offset, damagedLines };
      offset = chunk.end;
      for (const [index, line] of chunk.lines.entries()) {
        if (index % LINES_AT_ONCE === LINES_AT_ONCE - 1) await nextTurn();
        const event = parseEvent(line);
        if (event === null) damagedLines++;
        else events.push(event);
      }
    }
  } finally {
    await file.close();
  }
}

/**
 * The events from `fromOffset` on, as they are written. Waits for a file that is not there yet. Ends after `signal`, once
 * what was written by then has been yielded, so that the last words of a trainer that just ended are not lost.
 */
export async function* followEvents(folder: string, fromOffset: number, signal: AbortSignal): AsyncIterable<RunEvent> {
  let offset = fromOffset;
  for (;;) {
    const last = signal.aborted;
    const file = await openIfThere(folder);
    if (file !== null) {
      try {
        // Shorter than what was read: another run has taken this folder's place.
        if ((await file.stat()).size < offset) offset = 0;
        for (let chunk = await readLines(file, offset); chunk !== null; chunk = await readLines(file, offset)) {
          offset = chunk.end;
          for (const line of chunk.lines) {
            const event = parseEvent(line);
            if (event !== null) yield event;
          }
        }
      } finally {
        await file.close();
      }
    }
    if (last) return;
    await sleep(POLL_MS, undefined, { signal }).catch(() => undefined);
  }
}

/** The whole lines of the next chunk and where they end; null where no whole line is left. */
async function readLines(file: FileHandle, offset: number): Promise<{ lines: string[]; end: number } | null> {
  const wanted = Math.min(CHUNK_BYTES, (await file.stat()).size - offset);
  if (wanted <= 0) return null;
  const { buffer, bytesRead } = await file.read(Buffer.allocUnsafe(wanted), 0, wanted, offset);
  const newline = buffer.subarray(0, bytesRead).lastIndexOf(0x0a);
  if (newline >= 0) {
    const lines = buffer.toString('utf8', 0, newline).split('\n');
    return { lines: lines.filter((line) => line !== ''), end: offset + newline + 1 };
  }
  // A chunk without any end of line is damage, to be counted once and passed over.
  return bytesRead === CHUNK_BYTES ? { lines: ['damage'], end: offset + bytesRead } : null;
}

async function openIfThere(folder: string): Promise<FileHandle | null> {
  try {
    return await open(join(folder, RUN_PATHS.events), 'r');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}
