/** Small packs for tests, and the machines they are for. */
import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { pipeline } from 'node:stream/promises';
import { ZipFile } from 'yazl';
import type { Machine } from '../../../../src/engines/packs/machine.ts';
import { type Manifest, MANIFEST } from '../../../../src/engines/packs/manifest.ts';

export const LINUX: Machine = { platform: process.platform, arch: process.arch, libc: '2.36', driver: '580.65.06' };

/** Large enough to be cut in two. */
export const CONTENT = Buffer.from(Uint8Array.from({ length: 400_000 }, (_, i) => (i * i) % 251));

export function sha256Of(content: Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

export function manifestOf(files: Readonly<Record<string, Buffer>>, change: Partial<Manifest> = {}): Manifest {
  return {
    format: 1,
    name: 'tensorflow-cpu',
    version: '1.0.0',
    platform: process.platform,
    arch: process.arch,
    driver: null,
    libc: '2.17',
    libraries: { made: 'for a test' },
    files: Object.entries(files).map(([path, content]) => ({
      path,
      bytes: content.length,
      sha256: sha256Of(content),
      ...(path.startsWith('cuda/bin/') && { executable: true }),
    })),
    licenses: [],
    ...change,
  };
}

/** Writes members as they are given; the manifest first, where there is one. */
export async function writeZip(
  path: string,
  members: Readonly<Record<string, Buffer>>,
  manifest?: unknown,
): Promise<void> {
  const zip = new ZipFile();
  if (manifest !== undefined) zip.addBuffer(Buffer.from(JSON.stringify(manifest)), MANIFEST);
  for (const [name, content] of Object.entries(members)) zip.addBuffer(content, name);
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(path));
}

export async function writePack(
  path: string,
  {
    files = { 'lib/libexample.txt': CONTENT },
    ...change
  }: { files?: Record<string, Buffer> } & Partial<Omit<Manifest, 'files'>> = {},
): Promise<Manifest> {
  const manifest = manifestOf(files, change);
  await writeZip(path, files, manifest);
  return manifest;
}
