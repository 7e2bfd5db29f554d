/** A run killed or stopped at any moment and resumed ends in the same bytes as one that was left alone. */
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readRun } from '../../src/shared/run/read-run.ts';
import { sendControl } from '../../src/shared/run/send-control.ts';
import { writeTinyVit } from '../tiny-vit.ts';
import { documentOf, type Ended, lowrank, type Running, start, useFolder } from './cli-process.ts';

const folder = useFolder();
const at = (...names: string[]): string => join(folder.path, ...names);
const run = (...args: string[]): Promise<Ended> => lowrank(args, { cwd: folder.path });

/** Dropout draws numbers at every step, flips are drawn for every image; checkpoints lie inside epochs. */
const TRAIN = [
  ...['train', '--data', 'data', '--base', 'vit', '--threads', '1', '--batch', '4', '--epochs', '60', '--lr', '0.01'],
  ...['--set', 'lora.dropout=0.1', '--set', 'augmentation.flip=0.5', '--set', 'training.checkpointEvery=17'],
  ...['--set', 'training.evaluateEvery=100'],
];
/** 40 images by 4, 60 times: long enough to be interrupted on a fast machine too. */
const STEPS = 600;

const weightsOf = (name: string): Buffer => readFileSync(at(name, 'adapter/adapter_model.safetensors'));
const bestOf = (name: string): Buffer => readFileSync(at(name, 'best/adapter_model.safetensors'));
/** Losses by step as the run's table has them; rates and times differ from run to run. */
function lossesOf(name: string): string[] {
  const [header = '', ...rows] = readFileSync(at(name, 'metrics.csv'), 'utf8').trimEnd().split('\n');
  const columns = ['step', 'split', 'loss', 'accuracy'].map((column) => header.split(',').indexOf(column));
  expect(columns).not.toContain(-1);
  return rows.map((row) => columns.map((column) => row.split(',')[column]).join(' '));
}

async function stateOf(name: string) {
  return readRun(at(name)).catch(() => null);
}

/** Waits for the run to be past a step, and for a checkpoint to go on from. */
async function past(name: string, step: number): Promise<number> {
  await expect
    .poll(async () => (await stateOf(name))?.summary.step ?? 0, { timeout: 120_000, interval: 20 })
    .toBeGreaterThan(step);
  return (await stateOf(name))!.holder!.pid;
}

function expectSame(name: string): void {
  expect(weightsOf(name).equals(weightsOf('whole')), 'weights of the last step').toBe(true);
  expect(bestOf(name).equals(bestOf('whole')), 'weights of the best step').toBe(true);
  expect(lossesOf(name)).toEqual(lossesOf('whole'));
}

beforeAll(async () => {
  await writeTinyVit(at('vit'));
  await run('sample', 'data', '--train', '5', '--validation', '2');
  const { code } = await run(...TRAIN, '--out', 'whole');
  expect(code).toBe(0);
});

describe('a trainer that is killed', () => {
  it('twice, and resumed, gives the same adapter bit for bit', async () => {
    const first = start([...TRAIN, '--out', 'killed'], { cwd: folder.path });
    process.kill(await past('killed', 20), 'SIGKILL');
    const killed = await first.ended;
    expect(killed.code).toBe(3);
    expect(killed.stderr).toContain('the trainer was ended by SIGKILL');
    expect(killed.stdout).toMatch(/^go on by +lowrank resume killed$/m);
    const second = start(['resume', 'killed', '--json'], { cwd: folder.path });
    process.kill(await past('killed', 200), 'SIGKILL');
    expect(documentOf(await second.ended)).toMatchObject({
      run: at('killed'),
      status: 'interrupted',
      resume: 'lowrank resume killed',
      report: null,
    });
    const { code, stderr } = await run('resume', 'killed');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^resumed from the checkpoint of step \d{3}$/m);
    expect((await stateOf('killed'))?.summary.step).toBe(STEPS);
    expectSame('killed');
  });
});

describe('a run that is deleted while it trains', () => {
  it('ends, says so, and does not come back', async () => {
    const running = start([...TRAIN, '--epochs', '5000', '--out', 'deleted'], { cwd: folder.path });
    await past('deleted', 20);
    // The trainer may just be writing a checkpoint into it.
    rmSync(at('deleted'), { recursive: true, force: true, maxRetries: 5 });
    const { code, stderr } = await running.ended;
    expect(code).toBe(1);
    expect(stderr).toContain('the run was deleted');
    expect(existsSync(at('deleted', 'adapter'))).toBe(false);
  });
});

describe('Ctrl-C', () => {
  let running: Running;
  it('saves the state and ends with 3, and the run goes on from there', async () => {
    running = start([...TRAIN, '--out', 'stopped'], { cwd: folder.path });
    await past('stopped', 10);
    running.signal('SIGINT');
    const { code, stdout, stderr } = await running.ended;
    expect(code).toBe(3);
    expect(stderr).toMatch(/^saving and stopping …/m);
    expect(stderr).toMatch(/^stopped at step \d+ with its state saved/m);
    expect(stdout).toMatch(/^go on by +lowrank resume stopped$/m);
    expect(await stateOf('stopped')).toMatchObject({ status: 'stopped', holder: null });
    const resumed = await run('resume', 'stopped', '--json');
    expect(resumed.code).toBe(0);
    expect(documentOf(resumed)).toMatchObject({ status: 'finished', step: STEPS, resume: null });
    expectSame('stopped');
  });

  it('a second time does not wait', async () => {
    running = start([...TRAIN, '--out', 'impatient'], { cwd: folder.path });
    // A trainer that hears nothing: as one deep in a long step.
    process.kill(await past('impatient', 20), 'SIGSTOP');
    running.signal('SIGINT');
    await expect.poll(() => running.written(), { timeout: 60_000 }).toContain('saving and stopping');
    running.signal('SIGINT');
    const { code } = await running.ended;
    expect(code).toBe(3);
    expect(await stateOf('impatient')).toMatchObject({ status: 'interrupted', holder: null });
  });
});

describe('a run that is being trained', () => {
  it('is not resumed by a second trainer, and told to go on where it is paused', async () => {
    const running = start([...TRAIN, '--out', 'busy'], { cwd: folder.path });
    const pid = await past('busy', 2);
    const { code, stderr } = await run('resume', 'busy');
    expect(code).toBe(1);
    expect(stderr).toMatch(new RegExp(`^error: .*busy: is running, by process ${pid} on `));
    await sendControl(at('busy'), 'pause');
    await expect.poll(async () => (await stateOf('busy'))?.status, { timeout: 60_000 }).toBe('paused');
    const resumed = await run('resume', 'busy');
    expect({ code: resumed.code, stdout: resumed.stdout }).toEqual({
      code: 0,
      stdout: expect.stringMatching(new RegExp(`^told process ${pid} on .* to go on from step \\d+\n$`)) as string,
    });
    await expect.poll(async () => (await stateOf('busy'))?.status, { timeout: 60_000 }).toBe('running');
    running.signal('SIGTERM');
    expect((await running.ended).code).toBe(3);
  });
});
