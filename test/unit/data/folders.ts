/** Dataset folders for tests, in a temporary folder. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

/** A temporary folder for all tests of a `describe` block or file. */
export function temporaryFolder(): { readonly path: string } {
  const folder = { path: '' };
  beforeAll(() => {
    folder.path = realpathSync(mkdtempSync(join(tmpdir(), 'lowrank-data-')));
  });
  afterAll(() => {
    rmSync(folder.path, { recursive: true, force: true });
  });
  return folder;
}

/** Writes files by their paths below `root`; content is a single byte unless given. */
export function writeFiles(root: string, files: readonly string[] | Readonly<Record<string, Uint8Array>>): string {
  const entries = Array.isArray(files)
    ? files.map((path: string) => [path, Uint8Array.of(0)] as const)
    : Object.entries(files as Readonly<Record<string, Uint8Array>>);
  for (const [path, content] of entries) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  return root;
}

/** `prefix0.png`, `prefix1.png`, … */
export function numbered(prefix: string, count: number): string[] {
  return Array.from({ length: count }, (_, i) => `${prefix}${i}.png`);
}
