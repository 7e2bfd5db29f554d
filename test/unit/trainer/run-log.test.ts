import * as fs from 'node:fs';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { readEvents } from '../../../src/shared/run/event-log.ts';
import type { NewRunEvent } from '../../../src/shared/run/events.ts';
import { RunLog } from '../../../src/trainer/run-log.ts';
import { newRun, useWorkspace } from './temporary-run.ts';

vi.mock('node:fs', { spy: true });
afterEach(() => {
  vi.mocked(fs.writeSync).mockReset();
});

const workspace = useWorkspace();
const step = (number: number, loss = 0.5): NewRunEvent => ({
  type: 'step',
  step: number,
  epoch: 0,
  loss,
  learningRate: 0.001,
  gradientNorm: 2,
  imagesPerSecond: 100,
});
const evaluation = (number: number): NewRunEvent => ({
  type: 'evaluation',
  step: number,
  epoch: 0,
  split: 'validation',
  loss: 0.25,
  accuracy: 0.75,
  images: 4,
  perClass: null,
});

const text = (folder: string, name: string): string => readFileSync(join(folder, name), 'utf8');

describe('RunLog', () => {
  it('numbers events and writes those that somebody waits for at once, steps a moment later', async () => {
    const folder = await newRun(workspace);
    const log = await RunLog.open(folder);
    log.record({ type: 'started', host: 'here', pid: 1 });
    log.record(step(1));
    log.record(step(2));
    expect((await readEvents(folder)).events.map(({ type }) => type)).toEqual(['started']);
    await expect.poll(async () => (await readEvents(folder)).events.length).toBe(3);
    log.record(step(3));
    log.record(evaluation(3));
    const { events } = await readEvents(folder);
    expect(events.map(({ seq, type }) => [seq, type])).toEqual([
      [1, 'started'],
      [2, 'step'],
      [3, 'step'],
      [4, 'step'],
      [5, 'evaluation'],
    ]);
    log.close();
  });

  it('writes the numbers as a table, with an empty cell for one that is not finite', async () => {
    const folder = await newRun(workspace);
    const log = await RunLog.open(folder);
    log.record(step(1, NaN));
    log.record(evaluation(1));
    log.close();
    expect(text(folder, 'metrics.csv')).toBe(
      [
        'step,epoch,split,loss,accuracy,learning_rate,gradient_norm,images_per_second',
        '1,0,step,,,0.001,2,100',
        '1,0,validation,0.25,0.75,,,',
        '',
      ].join('\n'),
    );
  });

  it('goes on after a killed writer: the torn line is ended, numbers count on, the table forgets what is taken back', async () => {
    const folder = await newRun(workspace);
    const killed = await RunLog.open(folder);
    for (const number of [1, 2, 3]) killed.record(step(number));
    killed.close();
    appendFileSync(join(folder, 'events.jsonl'), '{"type":"step","se');
    appendFileSync(join(folder, 'metrics.csv'), '4,0,st');

    const log = await RunLog.open(folder, 2);
    log.record({ type: 'resumed', host: 'here', pid: 2, step: 2, epoch: 0 });
    log.record(step(3, 0.125));
    log.close();
    const { events, damagedLines } = await readEvents(folder);
    expect(events.map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
    expect(damagedLines).toBe(1);
    const rows = text(folder, 'metrics.csv').trimEnd().split('\n').slice(1);
    expect(rows.map((row) => row.split(',').slice(0, 4).join())).toEqual([
      '1,0,step,0.5',
      '2,0,step,0.5',
      '3,0,step,0.125',
    ]);
  });

  it('tells of a disk that is full at the next event, when the timer met it', async () => {
    const folder = await newRun(workspace);
    const log = await RunLog.open(folder);
    log.record(evaluation(0));
    log.record(step(1));
    vi.mocked(fs.writeSync)
      .mockClear()
      .mockImplementation(() => {
        throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
      });
    await vi.waitFor(() => {
      expect(fs.writeSync).toHaveBeenCalled();
    });
    vi.mocked(fs.writeSync).mockReset();
    expect(() => {
      log.record(step(2));
    }).toThrow('events.jsonl: the disk is full');
  });

  it('puts words with their time into trainer.log', async () => {
    const folder = await newRun(workspace);
    const log = await RunLog.open(folder);
    log.log('compiled in 3 s');
    log.close();
    expect(text(folder, 'trainer.log')).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z compiled in 3 s\n$/);
  });
});
