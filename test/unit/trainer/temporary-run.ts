import { mkdirSync, mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildSync } from 'esbuild';
import { afterEach, beforeEach } from 'vitest';
import { type Job, jobSchema } from '../../../src/shared/job.ts';
import { createRun } from '../../../src/trainer/run-folder.ts';

export interface Workspace {
  root: string;
  data: string;
}

/** A workspace with an empty dataset folder, made anew for each test. */
export function useWorkspace(): Workspace {
  const workspace = { root: '', data: '' };
  beforeEach(() => {
    workspace.root = realpathSync(mkdtempSync(join(tmpdir(), 'lowrank-run-')));
    workspace.data = join(workspace.root, 'flowers');
    mkdirSync(workspace.data);
  });
  afterEach(() => {
    rmSync(workspace.root, { recursive: true, force: true });
  });
  return workspace;
}

export function jobOn(data: string, name?: string): Job {
  return jobSchema.parse({ data, base: 'sample', name });
}

export async function newRun({ root, data }: Workspace): Promise<string> {
  return createRun({ job: jobOn(data), version: '0.0.0', root });
}

/** Bundles a script that may import from `src/`, for a process of its own. */
export function bundle(root: string, contents: string): string {
  const outfile = join(root, 'script.mjs');
  buildSync({
    stdin: { contents, resolveDir: import.meta.dirname, loader: 'ts' },
    bundle: true,
    platform: 'node',
    format: 'esm',
    outfile,
    // jsonc-parser's main field is a CommonJS wrapper with a dynamic require.
    mainFields: ['module', 'main'],
  });
  return outfile;
}
