/** A run that has ended is given more epochs. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { readEvents } from '../../src/shared/run/event-log.ts';
import { readRun } from '../../src/shared/run/read-run.ts';
import { learningRates } from '../../src/shared/schedules.ts';
import { writeTinyVit } from '../tiny-vit.ts';
import { type Ended, lowrank, useFolder } from './cli-process.ts';

const folder = useFolder();
const at = (...names: string[]): string => join(folder.path, ...names);
const run = (...args: string[]): Promise<Ended> => lowrank(args, { cwd: folder.path });
const weightsOf = (name: string): Buffer => readFileSync(at(name, 'adapter/adapter_model.safetensors'));

const TRAIN = [
  ...['train', '--data', 'data', '--base', 'vit', '--threads', '1', '--batch', '8', '--lr', '0.01'],
  ...['--set', 'lora.dropout=0.1'],
];
/** 24 images by 8. */
const STEPS_PER_EPOCH = 3;

beforeAll(async () => {
  await writeTinyVit(at('vit'));
  await run('sample', 'data', '--train', '3', '--validation', '2');
});

describe('a finished run of two epochs', () => {
  it('extended to three is a finished run of three, its learning rate on the curve of the longer run', async () => {
    expect((await run(...TRAIN, '--epochs', '2', '--out', 'cosine')).code).toBe(0);
    const { code, stderr } = await run('resume', 'cosine', '--epochs', '3');
    expect(code).toBe(0);
    expect(stderr).toMatch(/^resumed from the checkpoint of step 6$/m);
    const { status, summary, identity } = await readRun(at('cosine'));
    expect(status).toBe('finished');
    expect(summary).toMatchObject({ step: 3 * STEPS_PER_EPOCH, epochs: 3, totalSteps: 3 * STEPS_PER_EPOCH });
    expect(identity.job.training.epochs).toBe(3);
    expect(identity.setup?.steps.total).toBe(3 * STEPS_PER_EPOCH);
    const { events } = await readEvents(at('cosine'));
    expect(events.filter(({ type }) => type === 'extended')).toMatchObject([{ step: 6, from: 2, epochs: 3 }]);
    const rates = events.flatMap((event) => (event.type === 'step' ? event.learningRate : []));
    const [short, long] = [2, 3].map((epochs) => learningRates(identity.job.training, epochs * STEPS_PER_EPOCH));
    const expected = rates.map((_, step) => (step < 2 * STEPS_PER_EPOCH ? short!(step) : long!(step)));
    expect(rates).toEqual(expected);
  });

  it('at a constant rate ends in the same bytes as one of three epochs from the start', async () => {
    const constant = [...TRAIN, '--set', 'training.schedule=constant', '--set', 'training.warmup=0'];
    await run(...constant, '--epochs', '3', '--out', 'whole');
    await run(...constant, '--epochs', '2', '--out', 'extended');
    expect((await run('resume', 'extended', '--epochs', '3')).code).toBe(0);
    expect(weightsOf('extended').equals(weightsOf('whole'))).toBe(true);
  });

  it('is refused no more epochs than it has, and stays as it is', async () => {
    await run(...TRAIN, '--epochs', '1', '--out', 'short');
    const before = readFileSync(at('short/run.json'), 'utf8');
    const { code, stderr } = await run('resume', 'short', '--epochs', '1');
    expect(code).toBe(1);
    expect(stderr).toBe('error: epochs: must be a whole number above the 1 of this run, not 1\n');
    expect(readFileSync(at('short/run.json'), 'utf8')).toBe(before);
    expect((await readRun(at('short'))).status).toBe('finished');
  });
});
