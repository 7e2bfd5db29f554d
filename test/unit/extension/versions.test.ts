/** Staged runtimes: old ones go, unless a process still runs on them. */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { collectVersions, recordUse } from '../../../src/extension/runtime/versions.ts';

const DAY = 24 * 60 * 60_000;
let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'lowrank-versions-'));
});
afterEach(() => {
  rmSync(parent, { recursive: true });
});

function version(name: string, ageDays: number): string {
  const folder = join(parent, name);
  mkdirSync(folder, { recursive: true });
  const time = (Date.now() - ageDays * DAY) / 1000;
  utimesSync(folder, time, time);
  return folder;
}

it('deletes old versions only, and neither the current one nor one in use', async () => {
  version('0.1.0', 9);
  version('0.3.0', 9);
  const used = version('0.2.0', 9);
  await recordUse(used, process.pid);
  version('0.2.0', 9);
  const left = version('0.2.1', 9);
  mkdirSync(join(left, 'users'));
  writeFileSync(join(left, 'users', '999999999'), 'long ago');
  version('0.2.1', 9);
  version('0.2.2', 0);
  await collectVersions(parent, '0.3.0');
  expect(readdirSync(parent).toSorted()).toEqual(['0.2.0', '0.2.2', '0.3.0']);
});
