/** A whole life of an adapter on the command line: sample, check, train, list, inspect, resize, combine, predict. */
import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { readAdapter } from '../../src/lora/read-adapter.ts';
import { setupSchema } from '../../src/shared/run/identity.ts';
import { readIdentity } from '../../src/shared/run/read-run.ts';
import { reportSchema } from '../../src/shared/run/report.ts';
import { writeTinyVit } from '../tiny-vit.ts';
import { documentOf, type Ended, lowrank, useFolder } from './cli-process.ts';

const folder = useFolder();
const at = (...names: string[]): string => join(folder.path, ...names);
const run = (...args: string[]): Promise<Ended> => lowrank(args, { cwd: folder.path });
/** Six training and two validation images of eight classes. */
const SMALL = ['--train', '6', '--validation', '2'];
const TRAIN = ['train', '--data', 'data', '--base', 'vit', '--batch', '12', '--threads', '1'];

const trainedSchema = z.strictObject({
  run: z.string(),
  status: z.enum(['finished', 'stopped', 'interrupted']),
  step: z.int(),
  adapter: z.string().nullable(),
  resume: z.string().nullable(),
  report: reportSchema,
});

beforeAll(async () => {
  await writeTinyVit(at('vit'));
  const { code, stdout } = await run('sample', 'data', ...SMALL);
  expect({ code, stdout }).toMatchObject({ code: 0, stdout: expect.stringContaining('48 training') as unknown });
});

describe('check', () => {
  it('says Ready, with the counts', async () => {
    const { code, stdout } = await run('check', 'data');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^Ready: .*data\n/);
    expect(stdout).toMatch(/images +48 training, 16 validation\n/);
    expect(stdout).toMatch(/ring +6 +2\n/);
  });

  it('names a bad file and a duplicate, and is ready all the same', async () => {
    await run('sample', 'flawed', ...SMALL);
    writeFileSync(at('flawed/train/ring/bad.png'), 'no image');
    writeFileSync(at('flawed/val/ring/again.png'), readFileSync(at('flawed/train/ring/000.png')));
    const { code, stdout } = await run('check', 'flawed');
    expect(code).toBe(0);
    expect(stdout).toMatch(/warning: train\/ring\/bad.png: .*it is skipped/);
    expect(stdout).toMatch(/warning: train\/ring\/000.png: the same image as .*again.png of the validation split/);
    expect(documentOf(await run('check', 'flawed', '--json'))).toMatchObject({
      ready: true,
      counts: { train: 49, validation: 17, test: 0 },
      images: { unreadable: [{ file: at('flawed/train/ring/bad.png') }], duplicates: [{ length: 2 }] },
    });
  });

  it('says Not ready with exit status 1, and why', async () => {
    mkdirSync(at('empty'), { recursive: true });
    const { code, stdout, stderr } = await run('check', 'empty');
    expect({ code, stderr }).toEqual({ code: 1, stderr: '' });
    expect(stdout).toMatch(/^Not ready: .*empty\nfault: no dataset here; looked for /);
  });
});

describe('plan', () => {
  it('shows the adapters, the layers left out and what a run takes', async () => {
    const saved = '--set=lora.modulesToSave=["vit.layers.0.attention.q_proj"]';
    const { code, stdout, stderr } = await run('plan', ...TRAIN.slice(1), '--target', 'q_proj,projection', saved);
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/patch_embeddings\.projection +conv2d +16×3×8×8 +8 +2 +1,664 +6\.66 kB +54\.2 % /);
    expect(stdout).toMatch(/left out +why\nvit\.layers\.0\.attention\.q_proj +trained whole/);
    const names = ['base', 'dataset', 'runs on', 'steps', 'trains', 'file', 'memory', 'time', 'kept'];
    for (const name of names) expect(stdout).toMatch(new RegExp(`^${name} +\\S`, 'm'));
  });

  it('is refused as training would be', async () => {
    const { code, stderr } = await run('plan', ...TRAIN.slice(1), '--rank', '0');
    expect({ code, stderr }).toEqual({ code: 1, stderr: 'error: lora.rank: must be at least 1, not 0\n' });
  });
});

describe('train', () => {
  let ended: Ended;
  beforeAll(async () => {
    ended = await run(...TRAIN, '--epochs', '2', '--rank', '4', '--out', 'run');
  });

  it('tells what it reached, what it cost and where it lies', () => {
    const { code, stdout, stderr } = ended;
    expect({ code, stderr }).toMatchObject({ code: 0 });
    const names = stdout.split('\n').map((line) => line.split('  ')[0]);
    expect(names).toEqual(['accuracy', 'trained', 'file', 'time', 'on', 'run', 'adapter', '']);
    expect(stdout).toMatch(/accuracy +\d+\.\d % untouched → \d+\.\d % \(validation, step \d+\)/);
    // Rank 4 in 12 linear layers of width 16 (four 16×16, two 16×64 a block) and a convolution of 192 columns; head 8·16 + 8.
    const adapter = 4 * (2 * (4 * 32 + 2 * 80) + (16 + 192));
    expect(adapter).toBe(3136);
    expect(stdout).toContain('trained   3,272 parameters (3,136 adapter, 136 head; ');
  });

  it('shows its way on standard error, in plain lines', () => {
    expect(ended.stderr).toMatch(/^run run\n/);
    expect(ended.stderr).toMatch(/step 0 +validation loss/);
    expect(ended.stderr).toMatch(/step 8 +validation loss/);
    expect(ended.stderr).toMatch(/finished after .* at step 8\n$/);
    expect((ended.stdout + ended.stderr).replaceAll('\n', '')).not.toMatch(/\p{Cc}/u);
  });

  it('leaves a PEFT adapter that can be read', () => {
    const { layers, saved } = readAdapter(at('run/adapter'));
    expect(layers.size).toBe(13);
    expect([...layers.values()].every(({ rank }) => rank === 4)).toBe(true);
    expect([...saved.keys()]).toEqual(['classifier.bias', 'classifier.weight']);
  });

  it('ends in the same adapter where it computes again what it would have kept', async () => {
    const always = ['--set', 'training.recompute=always', '--out', 'again'];
    const { code, stdout } = await run(...TRAIN, '--epochs', '2', '--rank', '4', ...always);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^on .*, \d+ segments of a step computed again/m);
    const [plain, again] = ['run', 'again'].map((name) => readFileSync(at(name, 'adapter/adapter_model.safetensors')));
    expect(again!.equals(plain!)).toBe(true);
  });

  it('takes what plan had foretold, to the byte', async () => {
    const planned = await run('plan', ...TRAIN.slice(1), '--epochs', '2', '--rank', '4', '--json');
    const { setup, size, layers, skipped } = z
      .object({
        setup: setupSchema,
        size: z.object({ file: z.int() }),
        layers: z.array(z.object({ module: z.string(), rank: z.int(), form: z.string() })),
        skipped: z.array(z.unknown()),
      })
      .parse(documentOf(planned));
    const { setup: found } = await readIdentity(at('run'));
    expect(setup).toEqual(found);
    expect(size.file).toBe(statSync(at('run/adapter/adapter_model.safetensors')).size);
    expect(layers.map(({ module }) => module).sort()).toEqual([...readAdapter(at('run/adapter')).layers.keys()].sort());
    expect(skipped).toEqual([]);
  });

  it('gives one document with --json, the log apart', async () => {
    const json = await run(...TRAIN, '--epochs', '1', '--name', 'named', '--json');
    const trained = trainedSchema.parse(documentOf(json));
    expect(trained).toMatchObject({ status: 'finished', step: 4, resume: null, report: { outcome: 'finished' } });
    // Below .lowrank/runs of the working folder, named by time and name.
    expect(trained.run).toMatch(new RegExp(`^${at('.lowrank/runs')}/\\d{4}-\\d\\d-\\d\\d-\\d{6}-named$`));
    expect(json.stderr).toContain('finished after');
  });

  it('takes a job file with paths relative to it, and flags over it', async () => {
    mkdirSync(at('jobs'));
    writeFileSync(
      at('jobs/a.lora.json'),
      `{
        // Comments and trailing commas are fine.
        "data": "../data", "base": "../vit", "method": "head",
        "training": { "epochs": 3, "batch": 24, },
      }`,
    );
    const ended = await run('train', 'jobs/a.lora.json', '--epochs', '1', '--set', 'training.warmup=0', '--json');
    const trained = trainedSchema.parse(documentOf(ended));
    // 48 images by 24: two steps.
    expect(trained).toMatchObject({ step: 2, report: { method: 'head', parameters: { adapter: 0, head: 136 } } });
    const { job } = JSON.parse(readFileSync(join(trained.run, 'run.json'), 'utf8')) as { job: unknown };
    expect(job).toMatchObject({ data: at('data'), base: at('vit'), training: { epochs: 1, batch: 24, warmup: 0 } });
  });
});

describe('what comes after training', () => {
  it('runs lists them, the newest first', async () => {
    const { stdout } = await run('runs');
    expect(stdout.split('\n')[0]).toMatch(/^run +state +step +untouched +accuracy +method +rank +on +age$/);
    expect(stdout).toMatch(/-named +finished +4\/4 +.* lora +8 /);
    const { runs } = z
      .object({ runs: z.array(z.object({ run: z.string(), status: z.string(), rank: z.int().nullable() })) })
      .parse(documentOf(await run('runs', '--json')));
    expect(runs.map(({ status, rank }) => [status, rank])).toEqual([
      ['finished', null],
      ['finished', 8],
    ]);
  });

  it('resume refuses a finished run', async () => {
    const { code, stdout, stderr } = await run('resume', 'run');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: .*run: has finished at step 8; train on by --epochs\n$/);
  });

  it('inspect shows every layer, with the run’s own base', async () => {
    const { code, stdout, stderr } = await run('inspect', 'run');
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toMatch(/vit\.layers\.0\.attention\.q_proj +linear +4 +16 +4 +128 +512 B +50\.0 % /);
    expect(stdout).toContain('‖ΔW‖/‖W‖');
    expect(documentOf(await run('inspect', 'run/adapter', '--json'))).toMatchObject({
      folder: at('run/adapter'),
      dtype: 'float32',
      adapter: { parameters: 3136, bytes: 3136 * 4 },
      saved: { parameters: 136 },
      layers: { length: 13 },
      warnings: [],
    });
  });

  it('resize cuts the rank and tells the error', async () => {
    const { code, stdout } = await run('resize', 'run', '--rank', '2', '--out', 'smaller');
    expect(code).toBe(0);
    expect(stdout).toMatch(/mlp\.fc1 +4 → 2 +\d+\.\d %/);
    expect([...readAdapter(at('smaller')).layers.values()].every(({ rank }) => rank === 2)).toBe(true);
  });

  it('combine sums adapters exactly where no rank is asked for', async () => {
    const ended = await run('combine', 'run', 'smaller', '--weights', '0.5,0.5', '--out', 'both', '--json');
    expect(documentOf(ended)).toMatchObject({ out: at('both'), error: 0, layers: { length: 13 } });
    expect([...readAdapter(at('both')).layers.values()].every(({ rank }) => rank === 6)).toBe(true);
  });

  it('predict tells the classes, and how many are right', async () => {
    const { code, stdout } = await run('predict', 'run', 'data/val/ring', '--top', '2');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^image +class +or\n/);
    expect(stdout).toMatch(/\d+\.\d % right: \d of 2 in the folder of their class\n$/);
    const { predictions, accuracy } = z
      .object({
        accuracy: z.number(),
        predictions: z.array(z.object({ file: z.string(), top: z.array(z.object({ probability: z.number() })) })),
      })
      .parse(documentOf(await run('predict', 'run/adapter', 'data/val', '--top', '8', '--json')));
    expect(predictions).toHaveLength(16);
    for (const { top } of predictions) {
      // Float32 probabilities of all eight classes.
      expect(top.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
    }
    const report = reportSchema.parse(JSON.parse(readFileSync(at('run/report.json'), 'utf8')));
    expect(accuracy).toBe(report.validation.last?.accuracy);
  });

  it('predict names an unreadable image and ends with 1', async () => {
    const { code, stdout } = await run('predict', 'run', 'data/val/ring', 'vit/config.json');
    expect(code).toBe(1);
    expect(stdout).toMatch(/unreadable: .*config\.json: /);
  });
});

describe('compare', () => {
  const COMPARE = ['compare', '--data', 'data', '--base', 'vit', '--batch', '24', '--epochs', '1', '--seeds', '2'];
  it('puts methods side by side, and keeps what is done', async () => {
    const args = [...COMPARE, '--methods', 'lora,head', '--out', 'compared', '--json'];
    const first = await run(...args);
    const { methods, runs } = z
      .object({
        methods: z.array(z.object({ method: z.string(), runs: z.int(), trainedParameters: z.int() })),
        runs: z.array(z.object({ seed: z.int(), method: z.string(), run: z.string() })),
      })
      .parse(documentOf(first));
    expect(methods).toEqual([
      { method: 'lora', runs: 2, trainedParameters: 2 * 3136 + 136 },
      { method: 'head', runs: 2, trainedParameters: 136 },
    ]);
    expect(runs.map(({ seed, method }) => `${method} ${seed}`)).toEqual(['lora 0', 'head 0', 'lora 1', 'head 1']);
    expect(existsSync(at('compared/head-seed1/report.json'))).toBe(true);
    const again = await run(...args);
    expect(again.stderr.match(/already done/g)).toHaveLength(4);
    expect(documentOf(again)).toEqual(documentOf(first));
  });

  it('refuses to mix in runs of another job', async () => {
    const { code, stderr } = await run(...COMPARE, '--methods', 'lora', '--rank', '2', '--out', 'compared');
    expect(code).toBe(1);
    expect(stderr).toContain('lora-seed0: holds a run of another job; name another --out');
  });
});
