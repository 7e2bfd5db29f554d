import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Adapter } from '../../../src/lora/adapter.ts';
import { PLAIN_CONFIG } from '../../../src/lora/adapter.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { jobSchema } from '../../../src/shared/job.ts';
import { baseOfAdapter, type BaseSearch } from '../../../src/trainer/base-of-adapter.ts';

const [FIRST, SECOND] = ['a'.repeat(40), 'b'.repeat(40)];
const root = mkdtempSync(join(tmpdir(), 'lowrank-base-of-'));
const at = (...names: string[]): string => join(root, ...names);
for (const path of ['adapter/near', 'adapter/owner/both', 'one/far', 'two/far', 'two/near']) {
  mkdirSync(at(path), { recursive: true });
}
for (const downloaded of [`both/${FIRST}`, `asked/${FIRST}`, `asked/${SECOND}`, `pinned/${FIRST}`, 'asked/refs']) {
  mkdirSync(at('cache', `owner--${downloaded}`), { recursive: true });
}
mkdirSync(at('cache', `owner--two/${FIRST}`), { recursive: true });
mkdirSync(at('cache', `owner--two/${SECOND}`), { recursive: true });
writeFileSync(at('cache', 'owner--asked', 'refs', 'main'), SECOND);
afterAll(() => {
  rmSync(root, { recursive: true });
});

const SEARCH: BaseSearch = { folders: [at('one'), at('two')], mayDownload: true, cache: at('cache') };
const ONLY_LOOKED_AT: BaseSearch = { ...SEARCH, mayDownload: false };

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
  it('called `sample` is the one that comes for what the adapter does', () => {
    expect(baseOfAdapter('sample', foreign({ name: 'sample-detector' }), SEARCH)).toBe('sample-detector');
    expect(baseOfAdapter('sample', foreign({ name: 'sample' }), SEARCH)).toBe('sample');
    expect(baseOfAdapter('other', foreign({ name: 'sample-detector' }), SEARCH)).toBe('other');
  });

  it('of a relative path lies in the adapter’s own folder, else in the first workspace folder that has it', () => {
    expect(baseOfAdapter(undefined, foreign({ name: './near' }), SEARCH)).toBe(at('adapter', 'near'));
    expect(baseOfAdapter(undefined, foreign({ name: 'far' }), SEARCH)).toBe(at('one', 'far'));
  });

  it('is not looked for where the process runs', () => {
    // `src` is there: tests run in the repository.
    expect(() => baseOfAdapter(undefined, foreign({ name: 'src' }), SEARCH)).toThrow(InputError);
    expect(() => baseOfAdapter(undefined, foreign({ name: 'src' }), SEARCH)).toThrow(/'src', which does not lie in/);
  });

  it('on the hub has the revision that the adapter names, unless its name has one', () => {
    expect(baseOfAdapter(undefined, foreign({ name: 'hf:a/b', revision: 'c0ffee' }), SEARCH)).toBe('hf:a/b@c0ffee');
    expect(baseOfAdapter(undefined, foreign({ name: 'hf:a/b@main', revision: 'c0ffee' }), SEARCH)).toBe('hf:a/b@main');
  });

  it('is the one that a person located, before that of its run, before the one it names', () => {
    const located = foreign({ name: './near' });
    const job = jobSchema.parse({ data: '/data', base: '/of-the-run' });
    expect(baseOfAdapter('/located', { ...located, job }, SEARCH)).toBe('/located');
    expect(baseOfAdapter(undefined, { ...located, job }, SEARCH)).toBe('/of-the-run');
  });

  it('is asked for where nothing names it', () => {
    expect(() => baseOfAdapter(undefined, foreign({}), SEARCH)).toThrow(/does not tell its base; name it/);
  });
});

describe('a base that PEFT calls owner/name', () => {
  const named = (name: string, revision?: string): Parameters<typeof baseOfAdapter>[1] =>
    foreign({ name, ...(revision !== undefined && { revision }) });

  it('is a folder where there is one', () => {
    expect(baseOfAdapter(undefined, named('owner/both'), SEARCH)).toBe(at('adapter', 'owner', 'both'));
  });

  it.each([SEARCH, ONLY_LOOKED_AT])('is what was downloaded of that name, by its commit', (search) => {
    expect(baseOfAdapter(undefined, named('owner/asked'), search)).toBe(`hf:owner/asked@${SECOND}`);
    expect(baseOfAdapter(undefined, named('owner/asked', FIRST), search)).toBe(`hf:owner/asked@${FIRST}`);
    expect(baseOfAdapter(undefined, named('owner/pinned'), search)).toBe(`hf:owner/pinned@${FIRST}`);
  });

  it.each(['owner/absent', 'owner/two'])('is never downloaded, nor guessed among several: %s', (name) => {
    expect(() => baseOfAdapter(undefined, named(name), SEARCH)).toThrow(
      `nor was it downloaded from the hub; name its folder, or a model on the hub as hf:${name}`,
    );
  });

  it('of another revision than was downloaded is another', () => {
    expect(() => baseOfAdapter(undefined, named('owner/pinned', 'v2'), SEARCH)).toThrow('hf:owner/pinned@v2');
  });

  it.each(['../owner/name', 'owner/na--me', './absent'])('has the form of such a name: %s is none', (name) => {
    expect(() => baseOfAdapter(undefined, named(name), SEARCH)).toThrow('hf:owner/name');
  });
});

describe('an adapter that is only looked at', () => {
  const search = ONLY_LOOKED_AT;

  it('downloads no base, of its run neither', () => {
    expect(() => baseOfAdapter(undefined, foreign({ name: 'hf:owner/absent' }), search)).toThrow(
      'name it, as hf:owner/absent, to download it',
    );
    const job = jobSchema.parse({ data: '/data', base: 'hf:owner/asked' });
    expect(baseOfAdapter(undefined, { ...foreign({}), job }, search)).toBe(`hf:owner/asked@${SECOND}`);
  });

  it('may download the one that a person names', () => {
    expect(baseOfAdapter('hf:owner/absent', foreign({}), search)).toBe('hf:owner/absent');
  });
});
