/** Merged models: written, compared, opened again, and told apart from what they are not. */
import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { writeTinyVit } from '../tiny-vit.ts';
import { documentOf, type Ended, lowrank, useFolder } from './cli-process.ts';

const folder = useFolder();
const at = (...names: string[]): string => join(folder.path, ...names);
const run = (...args: string[]): Promise<Ended> => lowrank(args, { cwd: folder.path });

beforeAll(async () => {
  await writeTinyVit(at('vit'));
  await run('sample', 'data', '--train', '5', '--validation', '2');
  const train = ['train', '--data', 'data', '--base', 'vit', '--epochs', '3', '--lr', '0.02', '--threads', '1'];
  expect((await run(...train, '--out', 'run')).code).toBe(0);
});

/** The classes told of each image, most likely first. */
async function classesBy(model: string): Promise<string[][]> {
  const { predictions } = z
    .object({ predictions: z.array(z.object({ top: z.array(z.object({ label: z.string() })) })) })
    .parse(documentOf(await run('predict', model, 'data/val', '--top', '1', '--json')));
  expect(predictions).toHaveLength(16);
  return predictions.map(({ top }) => top.map(({ label }) => label));
}

describe('merge', () => {
  it('tells what was written and how it compares', async () => {
    const { code, stdout } = await run('merge', 'run', '--out', 'merged.onnx');
    expect(code).toBe(0);
    const names = stdout.split('\n').map((line) => line.split('  ')[0]);
    expect(names).toEqual(['wrote', 'size', 'compared', 'difference', 'one image', '']);
    // The run's own dataset: 40 + 16 images.
    expect(stdout).toContain('same class in 100.0 % of 56 images of the dataset');
  });

  it('gives a model that tells the same classes without base and adapter', async () => {
    expect(await classesBy('merged.onnx')).toEqual(await classesBy('run/best'));
  });

  it('writes half precision in less space', async () => {
    const document = documentOf(await run('merge', 'run', '--out', 'half.onnx', '--dtype', 'fp16', '--json'));
    const { bytes, referenceBytes, files } = z
      .object({ bytes: z.number(), referenceBytes: z.number(), files: z.array(z.string()), agreement: z.number() })
      .parse(document);
    expect(files).toEqual([at('half.onnx')]);
    expect(bytes).toBeLessThan(referenceBytes);
  });

  it('writes a folder where the format is one', async () => {
    const { code } = await run('merge', 'run', '--out', 'whole', '--format', 'transformers');
    expect(code).toBe(0);
    expect(await classesBy('whole')).toEqual(await classesBy('run/best'));
  });

  it('of an adapter from elsewhere compares on noise, and calibrates on nothing but images', async () => {
    const args = ['merge', 'elsewhere', '--base', 'vit'];
    expect((await run('resize', 'run', '--rank', '4', '--out', 'elsewhere')).code).toBe(0);
    expect((await run(...args, '--out', 'noise.onnx')).stdout).toMatch(/images of noise/);
    const blind = await run(...args, '--dtype', 'int8', '--out', 'int8.onnx');
    expect(blind.code).toBe(1);
    expect(existsSync(at('int8.onnx'))).toBe(false);
    expect((await run(...args, '--dtype', 'int8', '--data', 'data', '--out', 'int8.onnx')).code).toBe(0);
    // The file itself is run: its operators are none that training knows.
    expect(await classesBy('int8.onnx')).toHaveLength(16);
  });

  it('refuses another base, and leaves nothing', async () => {
    await writeTinyVit(at('other'), {}, 1);
    mkdirSync(at('out'));
    const { code, stdout, stderr } = await run('merge', 'run', '--base', 'other', '--out', 'out/x.onnx');
    expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
    expect(stderr).toMatch(/^error: .*: the adapter was trained on other weights .*sha256/m);
    expect(readdirSync(at('out'))).toEqual([]);
  });

  it.each([
    [['--out', 'x'], 'onnx-fp32 is a file that ends in .onnx'],
    [['--out', 'x.onnx', '--dtype', 'fp8'], "'fp8' is invalid"],
    [['--out', 'x.onnx', '--dtype', 'fp16', '--format', 'onnx-fp32'], 'either --dtype or --format'],
  ])('%j is wrong usage', async (args, why) => {
    const { code, stderr } = await run('merge', 'run', ...args);
    expect(code).toBe(2);
    expect(stderr).toContain(why);
  });
});
