/** The task process, task by task, on a run of a tiny base. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { evaluateCost } from '../../src/shared/cost.ts';
import { jobSchema } from '../../src/shared/job.ts';
import { whatIf } from '../../src/shared/what-if.ts';
import { writeTinyVit } from '../tiny-vit.ts';
import { lowrank, useFolder } from './cli-process.ts';
import { ask, runRaw } from './tasks-process.ts';

const folder = useFolder();
const at = (...names: string[]): string => join(folder.path, ...names);
/** An image of the dataset, which `check` finds damaged. */
const DAMAGED = 'data/val/ring/damaged.png';

beforeAll(async () => {
  await writeTinyVit(at('vit'));
  const { result } = await ask<'sample'>({ task: 'sample', out: at('data') });
  expect(result).toMatchObject({ folder: at('data'), images: { train: 640, validation: 200, test: 0 } });
  writeFileSync(at(DAMAGED), 'no image');
  const train = ['train', '--data', 'data', '--base', 'vit', '--epochs', '1', '--lr', '0.01', '--out', 'run'];
  expect((await lowrank(train, { cwd: folder.path })).code).toBe(0);
});

describe('a request', () => {
  it.each(['', 'no JSON', '{"task":"unknown"}', '{"task":"survey"}', '{"task":"survey","path":""}', '[]'])(
    'of %j is our own fault, told in one line',
    async (input) => {
      const { code, lines } = await runRaw(input);
      expect(code).toBe(1);
      expect(lines).toMatchObject([{ type: 'fault', cause: 'internal' }]);
    },
  );

  it('about a job with a wrong field is the input’s, and names the field', async () => {
    const job = { ...jobSchema.parse({ data: at('data'), base: at('vit') }), lora: { rank: 0 } };
    const { code, lines } = await runRaw(JSON.stringify({ task: 'plan', job }));
    expect(code).toBe(1);
    expect(lines).toMatchObject([{ type: 'fault', cause: 'input', field: 'lora.rank' }]);
  });

  it('about a path that is not there is the input’s, and names the file', async () => {
    const { code, lines } = await runRaw(JSON.stringify({ task: 'survey', path: at('gone') }));
    expect(code).toBe(1);
    expect(lines).toMatchObject([{ type: 'fault', cause: 'input', file: at('gone') }]);
  });
});

describe('check', () => {
  it('sends a damaged file ahead and tells it in the report again', async () => {
    const { lines } = await runRaw(JSON.stringify({ task: 'check', path: at('data') }));
    expect(lines.filter(({ type }) => type === 'part')).toMatchObject([{ part: { file: at(DAMAGED) } }]);
    expect(lines.filter(({ type }) => type === 'progress').at(-1)).toMatchObject({ done: 841, total: 841 });
    expect(lines.at(-1)).toMatchObject({
      result: { ready: true, images: { opened: 841, unreadable: [{ file: at(DAMAGED) }] } },
    });
  });
});

describe('plan', () => {
  it('gives coefficients that evaluate to its own figures, and every module of the base', async () => {
    const job = jobSchema.parse({ data: at('data'), base: at('vit'), lora: { rank: 4, alpha: 8 } });
    const { result } = await ask<'plan'>({ task: 'plan', job });
    const { plan, modules, memory } = result;
    const targets = new Set(plan.layers.map(({ module }) => module));
    const cost = evaluateCost(plan.coefficients, {
      ...{ rank: 4, alpha: 8, useRslora: false, useDora: false, init: 'kaiming', dtype: 'float32' },
      isTarget: (path) => targets.has(path),
    });
    expect(cost.adapterBytes).toBe(plan.size.file);
    expect(cost.trainableParameters).toBe(plan.setup.parameters.trainable);
    expect(modules.filter(({ isHead }) => isHead)).toMatchObject([{ path: 'classifier', kind: 'linear' }]);
    expect(modules.find(({ isHead }) => isHead)?.obstacle).toMatch('trained whole');
    // The patch embedding, and of each of two blocks four projections and two of the MLP.
    expect(modules.filter(({ obstacle }) => obstacle === null)).toHaveLength(1 + 2 * 6);
    expect(memory.total).toBeGreaterThan(memory.free);
  });
});

describe('inspect and resize', () => {
  it('tell the same of a lower rank, before and after', async () => {
    const { result } = await ask<'inspect'>({
      task: 'inspect',
      path: at('run/best/adapter_model.safetensors'),
      base: null,
      folders: [],
    });
    expect(result).toMatchObject({
      folder: at('run/best'),
      run: at('run'),
      base: { name: at('vit'), architecture: 'vit', problem: null },
      head: ['classifier'],
      config: { rank: 8, alpha: 16 },
      data: at('data'),
      resizeObstacle: null,
    });
    expect(result.report.fullCopy?.parameters).toBeGreaterThan(0);
    expect(result.classNames).toHaveLength(8);
    const expected = whatIf(result.report.layers, 3);
    const { result: resized } = await ask<'resize'>({ task: 'resize', path: at('run'), rank: 3, out: at('smaller') });
    // Nine digits of each singular value.
    expect(Math.abs(resized.error - expected.error)).toBeLessThan(1e-7);
    expect(resized.layers.map(({ rank }) => rank)).toEqual(expected.layers.map(({ rank }) => rank));
    const { result: after } = await ask<'inspect'>({ task: 'inspect', path: at('smaller'), base: null, folders: [] });
    expect(after.report.adapter.parameters).toBe(expected.parameters);
    expect(after.file.bytes).toBe(resized.bytes);
  });

  it('are possible without the base, with the reason', async () => {
    const { result } = await ask<'inspect'>({ task: 'inspect', path: at('run'), base: at('nowhere'), folders: [] });
    expect(result.base).toMatchObject({ name: at('nowhere') });
    expect(result.base.problem).toMatch('no such model');
    expect(result.report).not.toHaveProperty('fullCopy');
    const other = await ask<'inspect'>({ task: 'inspect', path: at('run'), base: 'sample', folders: [] });
    expect(other.result.base.problem).toMatch('was trained on other weights');
  });
});

describe('predict and export', () => {
  const images = (): string[] => ['star', 'ring'].map((name) => at('data/val', name));

  it('put base and adapter side by side, image by image', async () => {
    const { result, parts } = await ask<'predict'>({
      task: 'predict',
      path: at('run'),
      base: null,
      folders: [],
      images: images(),
      top: 3,
    });
    expect(parts[0]).toMatchObject({ kind: 'models', models: { baseLabels: ['cat', 'dog'], images: 51, more: 0 } });
    const told = parts.flatMap((part) => (part.kind === 'image' ? [part.image] : []));
    expect(told.filter(({ reason }) => reason !== null).map(({ file }) => file)).toEqual([at(DAMAGED)]);
    const [first] = told;
    expect(first).toMatchObject({ truth: 'star', reason: null, thumbnail: { width: 64, height: 64 } });
    expect(first!.adapter).toHaveLength(3);
    expect(first!.base!.reduce((sum, { probability }) => sum + probability, 0)).toBeCloseTo(1, 5);
    expect(result).toMatchObject({ unreadable: 1, score: { images: 50 } });
  });

  it('give a file whose JavaScript snippet says what predict says', async () => {
    const out = at('merged.onnx');
    const request = {
      task: 'export',
      path: at('run'),
      base: null,
      folders: [],
      format: 'onnx-fp32',
      out,
      data: null,
    } as const;
    const { result } = await ask<'export'>(request);
    expect(result).toMatchObject({ out, files: [out], agreement: 1, realImages: true });
    const snippet = result.snippets.find(({ language }) => language === 'javascript')!;
    symlinkSync(join(import.meta.dirname, '../../node_modules'), at('node_modules'));
    writeFileSync(at(snippet.file), snippet.code);
    const file = at('data/val/star/000.png');
    const [line = ''] = execFileSync(process.execPath, [at(snippet.file), file], { encoding: 'utf8' }).split('\n');
    const { parts } = await ask<'predict'>({
      task: 'predict',
      path: at('run'),
      base: null,
      folders: [],
      images: [file],
      top: 1,
    });
    const [told] = parts.flatMap((part) => (part.kind === 'image' ? part.image.adapter : []));
    expect(line.split(' ')[1]).toBe(told!.label);
    // Two libraries resize; each rounds to 8 bits.
    expect(Math.abs(Number(line.split(' ')[0]) - told!.probability)).toBeLessThan(0.02);
  });

  it('leave nothing half-written when they are killed', async () => {
    const out = at('killed', 'model.onnx');
    const request = { task: 'export', path: at('run'), base: null, folders: [], format: 'onnx-fp32', out, data: null };
    const { code } = await runRaw(JSON.stringify(request), () => {
      throw new Error('cancelled');
    });
    expect(code).toBeNull();
    const left = existsSync(at('killed')) ? readdirSync(at('killed')) : [];
    expect(left.filter((name) => !name.startsWith('.tmp-'))).toEqual([]);
  });

  it('refuse a file with the wrong ending', async () => {
    const request = {
      task: 'export',
      path: at('run'),
      base: null,
      folders: [],
      format: 'onnx-fp32',
      out: at('m.bin'),
      data: null,
    } as const;
    await expect(ask<'export'>(request)).rejects.toThrow('input: ');
  });
});
