/** Folders to open. Each is one of its own under the system's temporary folder, removed when the test file ends. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll } from 'vitest';

export interface SampleSize {
  readonly train: number;
  readonly validation: number;
}

/** A workspace with the sample dataset in `shapes/`; small, so that an epoch takes a moment. */
export function makeWorkspace({ train, validation }: SampleSize = { train: 8, validation: 4 }): string {
  const workspace = makeFolder();
  lowrank('sample', join(workspace, 'shapes'), '--train', String(train), '--validation', String(validation));
  return workspace;
}

export function makeFolder(): string {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'lowrank-workspace-')));
  afterAll(() => {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  });
  return folder;
}

/** A finished run of the workspace's `shapes/`, made by the command line; returns its folder. */
export function trainedRun(workspace: string, name: string, ...flags: readonly string[]): string {
  const folder = join(workspace, '.lowrank/runs', `2026-01-01-120000-${name}`);
  const job = ['--data', join(workspace, 'shapes'), '--base', 'sample', '--rank', '4', '--epochs', '2'];
  lowrank('train', ...job, '--name', name, '--out', folder, ...flags);
  return folder;
}

/** The command line as it is built in dist/; returns what it printed. */
export function lowrank(...args: readonly string[]): string {
  return execFileSync(process.execPath, [resolve('dist/cli.js'), ...args], { encoding: 'utf8', stdio: 'pipe' });
}
