import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { UsageError } from '../../../src/cli/exit-codes.ts';
import { jobFields } from '../../../src/shared/job-fields.ts';
import { JOB_FLAGS, jobFrom } from '../../../src/cli/job-flags.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { jobSchema } from '../../../src/shared/job.ts';
import { withTaskDefaults } from '../../../src/shared/task-defaults.ts';

type Given = Parameters<typeof jobFrom>[0];
const NONE = Object.fromEntries(Object.keys(JOB_FLAGS).map((flag) => [flag, undefined])) as unknown as Given;
const given = (flags: Partial<Given>): Given => ({ ...NONE, set: [], data: 'd', base: 'sample', ...flags });

async function faultOf(flags: Given, file?: string): Promise<string> {
  try {
    await jobFrom(flags, file);
  } catch (error) {
    if (error instanceof InputError) return error.message;
    throw error;
  }
  throw new Error('no fault was found');
}

describe('jobFields', () => {
  it('are the leaves of the schema, with its defaults', () => {
    const fallbacks = Object.fromEntries([...jobFields()].map(([path, { fallback }]) => [path, fallback]));
    expect(fallbacks).toMatchObject({ 'lora.rank': 8, 'lora.alpha': 16, 'training.epochs': 3, method: 'lora' });
    expect(jobFields().has('lora')).toBe(false);
  });
});

describe('flags alone', () => {
  it('give the job that the schema completes', async () => {
    expect(await jobFrom(given({}))).toEqual(jobSchema.parse({ data: resolve('d'), base: 'sample' }));
  });

  it('reach their fields', async () => {
    const flags = { rank: 4, alpha: 2, epochs: 5, batch: 6, lr: 0.5, seed: 7, method: 'full', threads: 1, name: 'n' };
    expect(await jobFrom(given(flags))).toMatchObject({
      name: 'n',
      method: 'full',
      threads: 1,
      lora: { rank: 4, alpha: 2 },
      training: { epochs: 5, batch: 6, learningRate: 0.5, seed: 7 },
    });
  });

  it.each([
    ['all-linear', 'all-linear'],
    ['q_proj', ['q_proj']],
    ['attention.q_proj, v_proj', ['attention.q_proj', 'v_proj']],
    ['.*[qv]_proj', '.*[qv]_proj'],
  ])('target %s is %j', async (target, targetModules) => {
    expect((await jobFrom(given({ target }))).lora.targetModules).toEqual(targetModules);
  });

  it.each([
    ['sample', 'sample'],
    ['hf:owner/name@main', 'hf:owner/name@main'],
    ['./sample', resolve('sample')],
    ['model.onnx', resolve('model.onnx')],
  ])('base %s is %s', async (base, absolute) => {
    expect((await jobFrom(given({ base }))).base).toBe(absolute);
  });

  it('set any field, as JSON or as text', async () => {
    const set = [
      'training.warmup=0.2',
      'training.schedule=linear',
      'lora.useDora=true',
      'lora.layersToTransform=[0,1]',
      'lora.rankPattern={"mlp.fc1":2}',
      'lora.alphaPattern.q_proj=4',
      'augmentation.crop=null',
    ];
    expect(await jobFrom(given({ set }))).toMatchObject({
      training: { warmup: 0.2, schedule: 'linear' },
      lora: { useDora: true, layersToTransform: [0, 1], rankPattern: { 'mlp.fc1': 2 }, alphaPattern: { q_proj: 4 } },
      augmentation: { crop: null },
    });
  });

  it.each([
    ['a checkpoint', 'd', 'yolo11n.pt', resolve('yolo11n.pt')],
    ['the sample', 'boxes', 'sample', 'sample-detector'],
  ])('start from the defaults for boxes: %s', async (_what, data, base, opened) => {
    const directory = mkdtempSync(join(tmpdir(), 'lowrank-job-'));
    mkdirSync(join(directory, 'boxes'));
    writeFileSync(join(directory, 'boxes/data.yaml'), 'train: images\nnames: [one]\n');
    const job = await jobFrom(given({ data: join(directory, data), base, rank: 2 }));
    rmSync(directory, { recursive: true });
    const usual = jobSchema.parse(withTaskDefaults({ data: 'd', base: 'sample-detector' }));
    expect(job).toMatchObject({ base: opened, training: usual.training, lora: { ...usual.lora, rank: 2 } });
  });

  it('make no sense without dataset and base', async () => {
    await expect(jobFrom(given({ base: undefined }))).rejects.toThrow(UsageError);
    await expect(jobFrom(given({ set: ['rank'] }))).rejects.toThrow(UsageError);
  });

  it.each([
    [{ rank: 0 }, 'lora.rank: must be at least 1, not 0'],
    [{ rank: 5000 }, 'lora.rank: must be at most 4096, not 5000'],
    [{ rank: 2.5 }, 'lora.rank: must be a whole number, not 2.5'],
    [{ set: ['lora.dropout=1'] }, 'lora.dropout: must be less than 1, not 1'],
    [{ set: ['lora=8'] }, 'lora: must be an object, not 8'],
    [{ set: ['lora.targetModules=[]'] }, 'lora.targetModules: must not be empty'],
    [{ set: ['lora.targetModules=5'] }, 'lora.targetModules: must be "all-linear" or text or a list, not 5'],
    [{ set: ['lora.useDora=yes'] }, 'lora.useDora: must be true or false, not "yes"'],
    [{ set: ['trainig.epochs=5'] }, 'trainig: there is no such field; did you mean training?'],
    [{ set: ['lora.epochs=5'] }, 'lora.epochs: there is no such field; did you mean training.epochs?'],
    [{ name: 'n'.repeat(81) }, 'name: must have at most 80 characters'],
  ])('%j: %s', async (flags, message) => {
    expect(await faultOf(given(flags))).toBe(message);
  });

  it('change no prototype', async () => {
    await expect(jobFrom(given({ set: ['__proto__.polluted=1'] }))).rejects.toThrow('there is no such field');
    await expect(jobFrom(given({ set: ['constructor.prototype.polluted=1'] }))).rejects.toThrow(
      'there is no such field',
    );
    expect('polluted' in {}).toBe(false);
  });
});

describe('a job file', () => {
  let folder = '';
  beforeAll(() => {
    folder = realpathSync(mkdtempSync(join(tmpdir(), 'lowrank-job-')));
    mkdirSync(join(folder, 'jobs'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true });
  });
  const written = (text: string): string => {
    const file = join(folder, 'jobs/a.lora.json');
    writeFileSync(file, text);
    return file;
  };
  const bare = { ...NONE, set: [] };

  it('is relative to itself, flags over it to the working folder', async () => {
    const file = written('{ "$schema": "x", "data": "../d", "base": "./b.onnx", "lora": { "rank": 2 } }');
    expect(await jobFrom(bare, file)).toEqual(
      jobSchema.parse({ data: join(folder, 'd'), base: join(folder, 'jobs/b.onnx'), lora: { rank: 2 } }),
    );
    expect(await jobFrom({ ...bare, data: 'here', rank: 3 }, file)).toMatchObject({
      data: resolve('here'),
      base: join(folder, 'jobs/b.onnx'),
      lora: { rank: 3 },
    });
  });

  it.each([
    [
      '{\n"data": "d",\n"base": "b",\n"lora": {\n"alhpa": 3 } }',
      '5: lora.alhpa: there is no such field; did you mean lora.alpha?',
    ],
    ['{\n"data": "d",\n"epochs": 3 }', '3: epochs: there is no such field; did you mean training.epochs?'],
    ['{\n"data": "d",\n"base": "b",\n"training": { "batch": 0 } }', '4: training.batch: must be at least 1, not 0'],
    ['{\n"data": 5 }', '2: data: must be text, not 5'],
    ['{\n"data": "d"', '2: invalid JSON: close brace expected'],
  ])('%j is refused at its line', async (text, fault) => {
    const file = written(text);
    expect(await faultOf(bare, file)).toBe(`${file}:${fault}`);
  });

  it('may leave dataset and base to flags, not to nobody', async () => {
    const file = written('{ "base": "b" }');
    expect((await jobFrom({ ...bare, data: 'd' }, file)).data).toBe(resolve('d'));
    expect(await faultOf(bare, file)).toBe(`${file}: data: is missing`);
  });
});
