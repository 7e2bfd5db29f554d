import { existsSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/shared/errors.ts';
import { readIdentity } from '../../../src/shared/run/read-run.ts';
import { createRun, recordSetup } from '../../../src/trainer/run-folder.ts';
import { jobOn, newRun, useWorkspace } from './temporary-run.ts';

const workspace = useWorkspace();
const create = (options: { name?: string; root?: string; out?: string; data?: string } = {}): Promise<string> =>
  createRun({
    job: jobOn(options.data ?? workspace.data, options.name),
    version: '1.2.3',
    root: options.root ?? workspace.root,
    out: options.out,
  });

describe('createRun', () => {
  it('makes a dated folder that git ignores, with the job frozen in it', async () => {
    const folder = await create({ name: 'First try' });
    expect(dirname(folder)).toBe(join(workspace.root, '.lowrank', 'runs'));
    expect(basename(folder)).toMatch(/^\d{4}-\d{2}-\d{2}-\d{6}-first-try$/);
    expect(readFileSync(join(workspace.root, '.lowrank', '.gitignore'), 'utf8')).toBe('*\n');
    const identity = await readIdentity(folder);
    expect(identity).toMatchObject({ id: basename(folder), name: 'First try', setup: null });
    expect(identity.versions.lowrank).toBe('1.2.3');
    expect(identity.job).toEqual(jobOn(workspace.data, 'First try'));
  });

  it('keeps two runs of the same second apart', async () => {
    const folders = await Promise.all([create({ name: 'a' }), create({ name: 'a' }), create({ name: 'a' })]);
    expect(new Set(folders).size).toBe(3);
  });

  it.each([
    ['Größe / 花 №1', 'größe-花-1'],
    ['../../etc', 'etc'],
    ['   ', 'run'],
    ['x'.repeat(70), 'x'.repeat(40)],
  ])('calls %j by a name that is one folder', async (name, expected) => {
    expect(basename(await create({ name })).replace(/^[\d-]{17}-/, '')).toBe(expected);
  });

  it('takes the name of the dataset where the job has none', async () => {
    expect(basename(await create())).toMatch(/-flowers$/);
  });

  it('leaves a .gitignore alone that is there', async () => {
    const ignore = join(workspace.root, '.lowrank', '.gitignore');
    mkdirSync(dirname(ignore));
    writeFileSync(ignore, 'runs/\n');
    await create();
    expect(readFileSync(ignore, 'utf8')).toBe('runs/\n');
  });

  it('never writes into a dataset, not even through a link', async () => {
    await expect(create({ root: workspace.data })).rejects.toThrow('must not lie inside its dataset');
    await expect(create({ out: join(workspace.data, 'deep', 'run') })).rejects.toThrow(InputError);
    const link = join(workspace.root, 'link');
    symlinkSync(workspace.data, link);
    await expect(create({ out: join(link, 'run') })).rejects.toThrow('must not lie inside its dataset');
    expect(readdirSync(workspace.data)).toEqual([]);
  });

  it('may lie beside a dataset of which its name is a beginning', async () => {
    const out = join(workspace.root, 'flowers-run');
    expect(await create({ out })).toBe(out);
    expect(existsSync(join(out, 'run.json'))).toBe(true);
    expect(existsSync(join(workspace.root, '.lowrank'))).toBe(false);
  });

  it('refuses a folder that already holds something', async () => {
    const out = join(workspace.root, 'out');
    await create({ out });
    await expect(create({ out })).rejects.toThrow(`${out}: already holds control; go on with it by \`lowrank resume\``);
    const file = join(workspace.root, 'file');
    writeFileSync(file, '');
    await expect(create({ out: file })).rejects.toThrow(`${file}: is a file, not a folder`);
    const below = join(file, 'run');
    await expect(create({ out: below })).rejects.toThrow(`${below}: a part of this path is a file, not a folder`);
  });

  it.runIf(existsSync('/proc'))('refuses a place where no folder can be made', async () => {
    await expect(create({ out: '/proc/run' })).rejects.toThrow('/proc: no folder can be made in it');
    await expect(create({ root: '/proc' })).rejects.toThrow('/proc: no folder can be made in it');
  });
});

describe('recordSetup', () => {
  it('adds what was found to what was asked', async () => {
    const folder = await newRun(workspace);
    const before = await readIdentity(folder);
    const setup = {
      engine: {
        name: 'onnxruntime',
        device: 'cpu',
        card: null,
        threads: 2,
        precision: 'fp32',
        recompute: 0,
        reason: '',
      } as const,
      base: { source: 'sample', architecture: 'vit', revision: null, sha256: 'ab', fused: false },
      dataset: { kind: 'class-folders', classes: ['a', 'b'], images: { train: 8, validation: 2, test: 0 } },
      parameters: { base: 100, adapter: 8, head: 4, trainable: 12, adapterBytes: 48 },
      steps: { total: 6, perEpoch: 2 },
    };
    await recordSetup(folder, setup);
    expect(await readIdentity(folder)).toEqual({ ...before, setup });
  });
});
