/** What a probe found is believed by the build that ran it, on the machine as it was. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { probeEngines } from '../../src/engines/probe.ts';

const NAME = 'onnxruntime-cpu';

let home: string;
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'lowrank-probes-'));
  vi.stubEnv('LOWRANK_CACHE', home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(home, { recursive: true });
});

interface Kept {
  readonly build: string;
  readonly state: string;
  readonly results: object;
}

const file = (): string => join(home, 'engines', 'probes.json');
const kept = (): Kept[] => (JSON.parse(readFileSync(file(), 'utf8')) as { builds: Kept[] }).builds;
const rewrite = (change: (found: Kept) => object): void => {
  writeFileSync(
    file(),
    JSON.stringify({ version: 2, builds: kept().map((found) => ({ ...found, ...change(found) })) }),
  );
};
const probed = async () => (await probeEngines([NAME])).get(NAME);

it('is asked for again by another build and after another start, and not before', async () => {
  expect(await probed()).toMatchObject({ usable: true });
  const told = { usable: false, reason: 'as the file has it' };
  rewrite(() => ({ results: { [NAME]: told } }));
  expect(await probed()).toEqual(told);

  rewrite(() => ({ build: 'another' }));
  expect(await probed()).toMatchObject({ usable: true });
  // What the other found is kept for it.
  expect(kept()).toMatchObject([
    { results: { [NAME]: { usable: true } } },
    { build: 'another', results: { [NAME]: told } },
  ]);

  rewrite(() => ({ state: 'another', results: { [NAME]: told } }));
  expect(await probed()).toMatchObject({ usable: true });
});
