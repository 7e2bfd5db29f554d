import { mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { NewRunEvent } from '../../../src/shared/run/events.ts';
import { sendControl } from '../../../src/shared/run/send-control.ts';
import { ControlReader } from '../../../src/trainer/control.ts';
import { newRun, useWorkspace } from './temporary-run.ts';

const workspace = useWorkspace();

async function setUp(since = 0): Promise<{ folder: string; reader: ControlReader; recorded: NewRunEvent[] }> {
  const folder = await newRun(workspace);
  const recorded: NewRunEvent[] = [];
  return { folder, recorded, reader: new ControlReader(folder, (event) => recorded.push(event), since) };
}

const place = (folder: string, name: string, content: string, secondsAgo = 0): void => {
  const path = join(folder, 'control', name);
  writeFileSync(path, content);
  const then = Date.now() / 1000 - secondsAgo;
  utimesSync(path, then, then);
};

describe('commands', () => {
  it('arrive in their order, once each, and leave nothing', async () => {
    const { folder, reader } = await setUp();
    for (const command of ['pause', 'resume', 'stop'] as const) await sendControl(folder, command);
    expect(reader.poll()).toEqual([
      { id: 1, command: 'pause' },
      { id: 2, command: 'resume' },
      { id: 3, command: 'stop' },
    ]);
    expect(reader.poll()).toEqual([]);
    expect(readdirSync(join(folder, 'control'))).toEqual([]);
  });

  it('are ordered by number, not by name', async () => {
    const { folder, reader } = await setUp();
    for (const number of [10, 9, 100]) place(folder, `${number}.json`, '{"command":"pause","time":5}');
    expect(reader.poll().map(({ id }) => id)).toEqual([9, 10, 100]);
  });

  it('of many senders at once get a number each', async () => {
    const { folder, reader } = await setUp();
    const ids = await Promise.all(Array.from({ length: 20 }, () => sendControl(folder, 'checkpoint')));
    expect(new Set(ids).size).toBe(20);
    expect(reader.poll()).toHaveLength(20);
  });

  it('given to an earlier process are dropped', async () => {
    const { folder, reader } = await setUp(Date.now() + 60_000);
    await sendControl(folder, 'stop');
    expect(reader.poll()).toEqual([]);
    expect(readdirSync(join(folder, 'control'))).toEqual([]);
  });

  it('given since this process started are not', async () => {
    const folder = await newRun(workspace);
    await sendControl(folder, 'stop');
    expect(new ControlReader(folder, () => undefined).poll()).toHaveLength(1);
  });

  it('that are still being written are waited for', async () => {
    const { folder, reader, recorded } = await setUp();
    place(folder, '1.json', '{"comm');
    expect(reader.poll()).toEqual([]);
    place(folder, '1.json', '{"command":"stop","time":5}');
    expect(reader.poll()).toEqual([{ id: 1, command: 'stop' }]);
    expect(recorded).toEqual([]);
  });

  it.each([
    ['torn', '{"comm'],
    ['empty', ''],
    ['unknown', '{"command":"explode","time":5}'],
    ['without a time', '{"command":"stop"}'],
    ['too large', JSON.stringify({ command: 'stop', time: 5, padding: 'x'.repeat(10_000) })],
  ])('that are %s end up as a warning', async (_, content) => {
    const { folder, reader, recorded } = await setUp();
    place(folder, '7.json', content, 10);
    place(folder, '8.json', '{"command":"stop","time":5}');
    expect(reader.poll()).toEqual([{ id: 8, command: 'stop' }]);
    expect(recorded).toEqual([{ type: 'warning', message: 'control/7.json holds no command and was ignored' }]);
    expect(readdirSync(join(folder, 'control'))).toEqual([]);
  });

  it('are not confused by other files, by folders or by a missing folder', async () => {
    const { folder, reader, recorded } = await setUp();
    place(folder, 'notes.txt', 'hello', 10);
    place(folder, '01.json', '{"command":"stop","time":5}', 10);
    mkdirSync(join(folder, 'control', '3.json'));
    utimesSync(join(folder, 'control', '3.json'), 1, 1);
    expect(reader.poll()).toEqual([]);
    expect(reader.poll()).toEqual([]);
    // Told once, though the folder of that name stays.
    expect(recorded).toHaveLength(1);
    rmSync(join(folder, 'control'), { recursive: true });
    expect(reader.poll()).toEqual([]);
  });

  it('wake a paused trainer', async () => {
    const { folder, reader } = await setUp();
    const next = reader.next();
    await sendControl(folder, 'resume');
    expect(await next).toEqual([{ id: 1, command: 'resume' }]);
  });

  it('are acknowledged by an event', async () => {
    const { reader, recorded } = await setUp();
    reader.acknowledge({ id: 4, command: 'resume' }, 'not paused');
    expect(recorded).toEqual([{ type: 'control-acknowledged', id: 4, command: 'resume', refused: 'not paused' }]);
  });
});
