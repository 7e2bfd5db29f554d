import { appendFileSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { followEvents, readEvents } from '../../../../src/shared/run/event-log.ts';
import type { RunEvent } from '../../../../src/shared/run/events.ts';

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lowrank-events-'));
  file = join(folder, 'events.jsonl');
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const line = (seq: number, message = 'ä'): string => `${JSON.stringify({ type: 'warning', seq, time: 1, message })}\n`;
const seqs = (events: readonly RunEvent[]): number[] => events.map(({ seq }) => seq);

describe('readEvents', () => {
  it('finds none where nothing was written yet', async () => {
    expect(await readEvents(folder)).toEqual({ events: [], offset: 0, damagedLines: 0 });
  });

  it('leaves a torn last line for later and counts damage in the middle', async () => {
    const whole = `${line(1)}{"type":"warn\n${line(2)}`;
    writeFileSync(file, `${whole}{"type":"step","seq":3`);
    const { events, offset, damagedLines } = await readEvents(folder);
    expect(seqs(events)).toEqual([1, 2]);
    expect(offset).toBe(Buffer.byteLength(whole));
    expect(damagedLines).toBe(1);
  });

  it('reads across the chunks it reads by', async () => {
    const lines = Array.from({ length: 200 }, (_, i) => line(i + 1, 'ö'.repeat(30_000)));
    writeFileSync(file, lines.join(''));
    const { events, damagedLines } = await readEvents(folder);
    expect(seqs(events)).toEqual(lines.map((_, i) => i + 1));
    expect(damagedLines).toBe(0);
  });

  it('gets past megabytes without any end of line', async () => {
    writeFileSync(file, `${line(1)}${'x'.repeat(9 * 2 ** 20)}\n${line(2)}`);
    const { events, damagedLines } = await readEvents(folder);
    expect(seqs(events)).toEqual([1, 2]);
    expect(damagedLines).toBeGreaterThan(0);
  });
});

describe('followEvents', () => {
  async function collect(from: number, signal: AbortSignal, each: (seq: number) => void): Promise<number[]> {
    const found: number[] = [];
    for await (const { seq } of followEvents(folder, from, signal)) {
      found.push(seq);
      each(seq);
    }
    return found;
  }

  it('waits for the file, and for the rest of a torn line', async () => {
    const stop = new AbortController();
    const following = collect(0, stop.signal, (seq) => {
      if (seq === 1) appendFileSync(file, line(2).slice(0, 20));
      if (seq === 1)
        setTimeout(() => {
          appendFileSync(file, line(2).slice(20));
        }, 200);
      if (seq === 2) stop.abort();
    });
    setTimeout(() => {
      appendFileSync(file, line(1));
    }, 200);
    expect(await following).toEqual([1, 2]);
  });

  it('goes on from an offset, and yields what was written before it was told to end', async () => {
    writeFileSync(file, line(1));
    const { offset } = await readEvents(folder);
    appendFileSync(file, line(2) + line(3));
    expect(await collect(offset, AbortSignal.abort(), () => undefined)).toEqual([2, 3]);
  });

  it('starts anew on a file that became shorter', async () => {
    writeFileSync(file, line(1) + line(2));
    const { offset } = await readEvents(folder);
    truncateSync(file, Buffer.byteLength(line(1)));
    expect(await collect(offset, AbortSignal.abort(), () => undefined)).toEqual([1]);
  });

  it('gives the bytes of a character cut in two at the end of what is there back whole', async () => {
    const bytes = Buffer.from(line(1, '日本'));
    const cut = bytes.indexOf(Buffer.from('本')) + 1;
    writeFileSync(file, bytes.subarray(0, cut));
    const stop = new AbortController();
    setTimeout(() => {
      appendFileSync(file, bytes.subarray(cut));
    }, 200);
    for await (const event of followEvents(folder, 0, stop.signal)) {
      expect(event).toMatchObject({ message: '日本' });
      stop.abort();
    }
  });
});
