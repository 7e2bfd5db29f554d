import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hasLivelyRun } from '../../../src/extension/glance.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'lowrank-glance-'));
});
afterEach(() => {
  rmSync(root, { recursive: true });
});

/** Files by their paths below the run folder. */
function run(name: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries({ 'run.json': '{}', ...files })) {
    const file = join(root, '.lowrank', 'runs', name, path);
    mkdirSync(join(file, '..'), { recursive: true });
    writeFileSync(file, content);
  }
}

describe('the glance at the start of a window', () => {
  it('sees nothing where there are no runs, or no folder at all', async () => {
    expect(await hasLivelyRun([root, '/nowhere'])).toBe(false);
  });

  it('passes over runs that have let go of their lease', async () => {
    run('2026-01-01-a', { 'events.jsonl': '', 'lease/1.json': '{"released":true}' });
    run('2026-01-01-b', { 'events.jsonl': '', 'lease/2.json': '{ "released": true }' });
    expect(await hasLivelyRun([root])).toBe(false);
  });

  it('sees the run that is held, by its newest lease', async () => {
    run('2026-01-01-a', { 'lease/9.json': '{"released":true}', 'lease/10.json': '{"released":false}' });
    expect(await hasLivelyRun(['/nowhere', root])).toBe(true);
  });

  it('sees the run that waits in the queue', async () => {
    run('2026-01-01-a', {});
    expect(await hasLivelyRun([root])).toBe(true);
  });

  it('takes nothing for a run that is none', async () => {
    mkdirSync(join(root, '.lowrank', 'runs', 'notes'), { recursive: true });
    expect(await hasLivelyRun([root])).toBe(false);
  });
});
