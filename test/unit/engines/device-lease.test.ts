/** Two runs on one device: the second waits or is refused; a dead holder's device is free. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { holderOf, takeDevice, type TakeDevice } from '../../../src/engines/device-lease.ts';
import { machineId, processStart } from '../../../src/shared/run/liveness.ts';

const GPU = { key: 'GPU-5f0e', label: 'GPU 0' };

let home: string;
let told: string[];

beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'lowrank-devices-'));
  told = [];
});
afterEach(() => {
  rmSync(home, { recursive: true });
});

const take = (run: string, options: Partial<TakeDevice> = {}) =>
  takeDevice(GPU, {
    run: `/work/.lowrank/runs/${run}`,
    busy: 'wait',
    onWait: (why) => told.push(why),
    interrupted: () => Promise.resolve(undefined),
    lookEveryMs: 5,
    home,
    ...options,
  });

test('a free device is taken at once, and shown as taken until it is let go', async () => {
  expect(holderOf(GPU.key, home)).toBeNull();
  const claim = await take('one');
  expect(holderOf(GPU.key, home)).toBe(`run one (process ${process.pid})`);
  expect(holderOf('GPU-other', home)).toBeNull();
  await claim!.release();
  expect(holderOf(GPU.key, home)).toBeNull();
  expect(told).toEqual([]);
});

test('a second run waits, says for whom, and has it afterwards', async () => {
  const first = await take('one');
  let looks = 0;
  const second = take('two', {
    interrupted: async () => {
      if (++looks === 3) await first!.release();
    },
  });
  await (await second)!.release();
  expect(looks).toBe(3);
  expect(told).toEqual([`waits for GPU 0, used by run one (process ${process.pid})`]);
});

test('one that is stopped while it waits gets nothing', async () => {
  const first = await take('one');
  expect(await take('two', { interrupted: () => Promise.resolve('stopped') })).toBeNull();
  expect(holderOf(GPU.key, home)).toContain('run one');
  await first!.release();
});

test('where a busy device is refused, the holder is named', async () => {
  const first = await take('one');
  await expect(take('two', { busy: 'refuse' })).rejects.toThrow(
    `device: GPU 0 is used by run one (process ${process.pid}); wait for it, choose another device, or start with --busy wait`,
  );
  await first!.release();
});

test('the device of a process that was killed is taken over', async () => {
  const dead = spawnSync(process.execPath, ['-e', '']).pid;
  mkdirSync(join(home, GPU.key));
  const lease = { version: 1, host: 'here', machine: machineId(), pid: dead, processStart: '1', since: 0 };
  writeFileSync(join(home, GPU.key, '4.json'), JSON.stringify({ ...lease, released: false, run: '/gone' }));
  expect(processStart(dead)).toBeNull();
  await (await take('two', { busy: 'refuse' }))!.release();
});
