/**
 * A detector's run whose batches are cut into pieces on threads, killed in a step, in an evaluation and in the writing of a checkpoint, ends
 * in the same bytes as one that was left alone.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { writeDetectionSample } from '../../src/data/detection/sample.ts';
import { readEvents } from '../../src/shared/run/event-log.ts';
import { readRun } from '../../src/shared/run/read-run.ts';
import { type Ended, lowrank, start, useFolder } from './cli-process.ts';
import { DRAWN } from './drawn-detector.ts';

const folder = useFolder();
const at = (...names: string[]): string => join(folder.path, ...names);
const run = (...args: string[]): Promise<Ended> => lowrank(args, { cwd: folder.path });

/** Mosaics end inside the run, and checkpoints lie inside epochs: 32 images by 4 are 8 steps an epoch. */
const TRAIN = [
  ...['train', '--data', 'shapes', '--base', DRAWN, '--threads', '2', '--batch', '4', '--epochs', '3', '--alpha', '8'],
  ...['--set', 'training.checkpointEvery=3', '--set', 'detection.closeMosaic=1', '--set', 'training.ema=0.9'],
];
const PER_EPOCH = 8;

const bytesOf = (name: string, part: string): Buffer => readFileSync(at(name, part, 'adapter_model.safetensors'));

/** The table without what a clock says. */
function tableOf(name: string): string[][] {
  const [header = '', ...rows] = readFileSync(at(name, 'results.csv'), 'utf8').trimEnd().split('\n');
  const clock = header.split(',').indexOf('time');
  return rows.map((row) => row.split(',').filter((_, column) => column !== clock));
}

async function eventsOf(name: string) {
  return (await readEvents(at(name)).catch(() => ({ events: [] }))).events;
}

/** Moments at which the trainer of a run is ended by force. */
const MOMENTS = {
  'in a step': async (name: string) => (await eventsOf(name)).filter(({ type }) => type === 'step').length > 4,
  'in an evaluation': async (name: string) => {
    const last = (await eventsOf(name)).filter(({ type }) => type === 'step' || type === 'evaluation').at(-1);
    return last?.type === 'step' && last.step > PER_EPOCH && last.step % PER_EPOCH === 0;
  },
  'in a checkpoint': (name: string) => {
    const entries = existsSync(at(name, 'checkpoints')) ? readdirSync(at(name, 'checkpoints')) : [];
    // Of the first there is nothing to go on from.
    return entries.some((entry) => entry.startsWith('step-')) && entries.some((entry) => entry.includes('.tmp-'));
  },
} satisfies Record<string, (name: string) => boolean | Promise<boolean>>;

/** Whether it came to that moment before its end. */
async function killedAt(args: readonly string[], name: string, moment: keyof typeof MOMENTS): Promise<boolean> {
  const running = start(args, { cwd: folder.path });
  const state = { ended: false };
  void running.ended.then(() => (state.ended = true));
  let pid: number | undefined;
  while (pid === undefined && !state.ended) {
    if (await MOMENTS[moment](name)) pid = (await readRun(at(name)).catch(() => null))?.holder?.pid;
    else await new Promise((resolve) => setTimeout(resolve, 1));
  }
  if (pid !== undefined) process.kill(pid, 'SIGKILL');
  const { code, stderr } = await running.ended;
  if (code === 0) return false;
  expect(code, stderr).toBe(3);
  expect(stderr).toContain('the trainer was ended by SIGKILL');
  return true;
}

beforeAll(async () => {
  await writeDetectionSample(at('shapes'), { train: 32, validation: 12 });
  const { code, stderr } = await run(...TRAIN, '--out', 'whole');
  expect(code, stderr).toBe(0);
});

describe('a detector on threads', () => {
  it.each(Object.keys(MOMENTS) as (keyof typeof MOMENTS)[])(
    'that is killed %s goes on to the same bytes',
    async (moment) => {
      // A checkpoint of so small an adapter is written in milliseconds: it may be missed, and is tried again.
      let hit = false;
      for (let attempt = 0; attempt < 5 && !hit; attempt++) {
        rmSync(at('killed'), { recursive: true, force: true });
        hit = await killedAt([...TRAIN, '--out', 'killed'], 'killed', moment);
      }
      expect(hit, 'the moment was met').toBe(true);
      const { code, stderr } = await run('resume', 'killed');
      expect(code, stderr).toBe(0);
      for (const part of ['adapter', 'best'])
        expect(bytesOf('killed', part).equals(bytesOf('whole', part)), part).toBe(true);
      expect(tableOf('killed')).toEqual(tableOf('whole'));
      expect(readdirSync(at('killed', 'checkpoints')).filter((entry) => entry.includes('.tmp-'))).toEqual([]);
    },
  );

  it('told to end leaves no process behind', async () => {
    const running = start([...TRAIN, '--out', 'ended'], { cwd: folder.path });
    await expect.poll(async () => MOMENTS['in a step']('ended'), { timeout: 120_000, interval: 20 }).toBe(true);
    const { pid } = (await readRun(at('ended'))).holder!;
    process.kill(pid, 'SIGTERM');
    await running.ended;
    expect(() => process.kill(pid, 0)).toThrow('ESRCH');
    expect((await readRun(at('ended'))).holder).toBeNull();
  });

  it('is not resumed where its classes have changed places', async () => {
    expect(await killedAt([...TRAIN, '--out', 'changed'], 'changed', 'in a step')).toBe(true);
    const file = at('shapes/data.yaml');
    const before = readFileSync(file, 'utf8');
    writeFileSync(file, before.replace('0: arrow', '0: circle').replace('1: circle', '1: arrow'));
    const { code, stderr } = await run('resume', 'changed');
    writeFileSync(file, before);
    expect(code, stderr).toBe(1);
    expect(stderr).toMatch(
      /^error: .*shapes: its classes have changed since the run began: class 0 was arrow and is circle/m,
    );
  });
});
