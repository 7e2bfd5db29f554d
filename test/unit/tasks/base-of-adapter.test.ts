import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Adapter } from '../../../src/lora/adapter.ts';
import { PLAIN_CONFIG } from '../../../src/lora/adapter.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { jobSchema } from '../../../src/shared/job.ts';
import { baseOfAdapter } from '../../../src/tasks/base-of-adapter.ts';

const root = mkdtempSync(join(tmpdir(), 'lowrank-base-of-'));
const at = (...names: string[]): string => join(root, ...names);
for (const path of ['adapter/near', 'one/far', 'two/far', 'two/near']) mkdirSync(at(path), { recursive: true });
afterAll(() => {
  rmSync(root, { recursive: true });
});

const FOLDERS = [at('one'), at('two')];

function foreign(base: Adapter['base']): Parameters<typeof baseOfAdapter>[1] {
  const adapter: Adapter = {
    config: PLAIN_CONFIG,
    layers: new Map(),
    saved: new Map(),
    base,
    dtype: 'float32',
    warnings: [],
  };
  return { adapter, folder: at('adapter'), job: undefined };
}

describe('the base of an adapter', () => {
  it('of a relative path lies in the adapter’s own folder, else in the first workspace folder that has it', () => {
    expect(baseOfAdapter(null, foreign({ name: './near' }), FOLDERS)).toBe(at('adapter', 'near'));
    expect(baseOfAdapter(null, foreign({ name: 'far' }), FOLDERS)).toBe(at('one', 'far'));
  });

  it('is not looked for where the process runs', () => {
    // `src` is there: tests run in the repository.
    expect(() => baseOfAdapter(null, foreign({ name: 'src' }), FOLDERS)).toThrow(InputError);
    expect(() => baseOfAdapter(null, foreign({ name: 'src' }), FOLDERS)).toThrow(/'src', which lies neither/);
  });

  it('on the hub has the revision that the adapter names, unless its name has one', () => {
    expect(baseOfAdapter(null, foreign({ name: 'hf:a/b', revision: 'c0ffee' }), [])).toBe('hf:a/b@c0ffee');
    expect(baseOfAdapter(null, foreign({ name: 'hf:a/b@main', revision: 'c0ffee' }), [])).toBe('hf:a/b@main');
  });

  it('is the one that a person located, before that of its run, before the one it names', () => {
    const located = foreign({ name: './near' });
    const job = jobSchema.parse({ data: '/data', base: '/of-the-run' });
    expect(baseOfAdapter('/located', { ...located, job }, FOLDERS)).toBe('/located');
    expect(baseOfAdapter(null, { ...located, job }, FOLDERS)).toBe('/of-the-run');
  });

  it('is unknown where nothing names it', () => {
    expect(baseOfAdapter(null, foreign({}), FOLDERS)).toBeUndefined();
  });
});
