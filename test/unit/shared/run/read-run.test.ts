import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { InputError } from '../../../../src/shared/errors.ts';
import { jobSchema } from '../../../../src/shared/job.ts';
import type { NewRunEvent } from '../../../../src/shared/run/events.ts';
import type { RunIdentity } from '../../../../src/shared/run/identity.ts';
import type { Lease } from '../../../../src/shared/run/lease.ts';
import { machineId, processStart } from '../../../../src/shared/run/liveness.ts';
import { listRuns, readRun } from '../../../../src/shared/run/read-run.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lowrank-runs-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

function makeRun(name: string, created = 1): string {
  const folder = join(root, name);
  mkdirSync(folder, { recursive: true });
  const identity: RunIdentity = {
    version: 1,
    id: name,
    name,
    created,
    versions: { lowrank: '0', node: 'v20', platform: 'linux-x64' },
    job: jobSchema.parse({ data: '/d', base: 'sample' }),
    setup: null,
  };
  writeFileSync(join(folder, 'run.json'), JSON.stringify(identity));
  return folder;
}

function write(folder: string, ...events: NewRunEvent[]): void {
  const lines = events.map((event, i) => JSON.stringify({ ...event, seq: i + 1, time: 1000 * (i + 1) }));
  writeFileSync(join(folder, 'events.jsonl'), lines.map((line) => `${line}\n`).join(''));
}

function lease(folder: string, change: Partial<Lease> = {}, secondsAgo = 0): void {
  const file: Lease = {
    version: 1,
    host: 'here',
    machine: machineId(),
    pid: process.pid,
    processStart: processStart(process.pid),
    since: 500,
    released: false,
    ...change,
  };
  mkdirSync(join(folder, 'lease'));
  const path = join(folder, 'lease', '1.json');
  writeFileSync(path, JSON.stringify(file));
  utimesSync(path, Date.now() / 1000 - secondsAgo, Date.now() / 1000 - secondsAgo);
}

const started: NewRunEvent = { type: 'started', host: 'here', pid: 1 };
const paused: NewRunEvent = { type: 'paused', step: 3 };
const finished: NewRunEvent = { type: 'finished', step: 9, reason: 'completed', seconds: 1 };
const stopped: NewRunEvent = { type: 'stopped', step: 9, reason: 'asked', seconds: 1 };
const failed: NewRunEvent = { type: 'failed', step: 9, cause: 'input', message: 'bad' };
const dead = { machine: 'another', pid: 1 };

describe('readRun', () => {
  it.each<[status: string, events: NewRunEvent[], lease: Partial<Lease> | null, secondsAgo: number]>([
    ['queued', [], null, 0],
    ['running', [], {}, 0],
    ['running', [started], {}, 0],
    ['paused', [started, paused], {}, 0],
    ['running', [started, paused, { type: 'continued', step: 3 }], {}, 0],
    ['running', [started], { machine: 'another' }, 0],
    // A trainer that died before its first word.
    ['interrupted', [], dead, 3600],
    ['interrupted', [started], dead, 3600],
    ['interrupted', [started, paused], dead, 3600],
    ['interrupted', [started], { released: true }, 0],
    ['interrupted', [started], null, 0],
    ['finished', [started, finished], { released: true }, 0],
    ['stopped', [started, stopped], { released: true }, 0],
    ['failed', [started, failed], dead, 3600],
    // Between its last event and letting go.
    ['finished', [started, finished], {}, 0],
    // Resuming, but not yet at work.
    ['running', [started, stopped], { since: 5000 }, 0],
  ])('is %s', async (status, events, leaseFile, secondsAgo) => {
    const folder = makeRun('a');
    if (events.length > 0) write(folder, ...events);
    if (leaseFile !== null) lease(folder, leaseFile, secondsAgo);
    expect((await readRun(folder)).status).toBe(status);
  });

  it('names the process that trains', async () => {
    const folder = makeRun('a');
    write(folder, started);
    lease(folder);
    expect((await readRun(folder)).holder).toEqual({ host: 'here', pid: process.pid });
  });

  it('survives a torn last line', async () => {
    const folder = makeRun('a');
    write(folder, started, paused);
    writeFileSync(join(folder, 'events.jsonl'), '{"type":"finish', { flag: 'a' });
    expect(await readRun(folder)).toMatchObject({
      status: 'interrupted',
      summary: { phase: 'paused' },
      damagedLines: 0,
    });
  });

  it('says where it is no run', async () => {
    await expect(readRun(root)).rejects.toThrow(`${root}: not a run folder`);
    const folder = makeRun('a');
    writeFileSync(join(folder, 'run.json'), '{"version":1,"id":"a","name":3}');
    await expect(readRun(folder)).rejects.toThrow(/run\.json: name: /);
    await expect(readRun(folder)).rejects.toThrow(InputError);
    writeFileSync(join(folder, 'run.json'), '{"vers');
    await expect(readRun(folder)).rejects.toThrow(InputError);
  });
});

describe('listRuns', () => {
  it('finds the runs of a workspace and of a folder of runs, the newest first, and names the unreadable', async () => {
    makeRun('.lowrank/runs/2026-01-01-000000-a', 1);
    makeRun('.lowrank/runs/2026-01-02-000000-b', 2);
    const broken = makeRun('.lowrank/runs/2026-01-03-000000-c', 3);
    writeFileSync(join(broken, 'run.json'), 'x');
    mkdirSync(join(root, '.lowrank', 'runs', 'no-run'));
    writeFileSync(join(root, '.lowrank', 'runs', 'a-file'), '');
    for (const dir of [root, join(root, '.lowrank', 'runs')]) {
      const { runs, unreadable } = await listRuns(dir);
      expect(runs.map(({ identity }) => identity.created)).toEqual([2, 1]);
      expect(unreadable.map(({ folder }) => folder)).toEqual([broken]);
    }
  });

  it('finds none where there is nothing', async () => {
    expect(await listRuns(join(root, 'nowhere'))).toEqual({ runs: [], unreadable: [] });
    expect(await listRuns(root)).toEqual({ runs: [], unreadable: [] });
  });
});
