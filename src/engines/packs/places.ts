/**
 * Where packs lie: `<data home>/engines/<name>@<version>/`, a folder for each version, of which the newest counts. A newer one is put beside
 * the one that a training has loaded, which loads more of its libraries later and must find those of its own version; that goes when
 * nobody has it any more.
 */
import { randomBytes } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { readdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fileFault } from '../../formats/file-faults.ts';
import { compareVersions, type PackName } from './manifest.ts';
import { isUsed } from './users.ts';

/** What is being made or taken away; whoever holds the lock of packs may delete it. */
const TEMPORARY = '.tmp-';

export function packFolder(name: PackName, version: string, home: string): string {
  return join(home, `${name}@${version}`);
}

export interface PlacedPack {
  readonly folder: string;
  readonly version: string;
}

/** All versions that are here, the newest first. */
export function versionsHere(name: PackName, home: string): PlacedPack[] {
  let entries: string[];
  try {
    entries = readdirSync(home);
  } catch {
    return [];
  }
  return entries
    .flatMap((entry) => {
      const version = versionOf(entry, name);
      return version === null ? [] : [{ folder: join(home, entry), version }];
    })
    .toSorted((a, b) => compareVersions(b.version, a.version));
}

/** Null for what is no pack of that name. One without a version is from before packs lay beside each other. */
function versionOf(entry: string, name: PackName): string | null {
  if (entry === name) return '0';
  if (!entry.startsWith(`${name}@`)) return null;
  const version = entry.slice(name.length + 1);
  return /^\d+(\.\d+)*$/.test(version) ? version : null;
}

/** Takes folders away, each in one instant. */
export async function discard(packs: readonly PlacedPack[], home: string): Promise<void> {
  for (const { folder } of packs) {
    const away = join(home, `${TEMPORARY}${randomBytes(6).toString('hex')}`);
    await rename(folder, away).catch((error: unknown) => {
      throw fileFault(error, folder);
    });
    await rm(away, { recursive: true, force: true });
  }
}

/** Deletes what an installation that was killed has left behind, and versions that a newer one has replaced and nobody uses. */
export async function clear(names: readonly PackName[], home: string): Promise<void> {
  for (const entry of await readdir(home)) {
    if (entry.startsWith(TEMPORARY)) await rm(join(home, entry), { recursive: true, force: true });
  }
  for (const name of names) {
    const [, ...older] = versionsHere(name, home);
    for (const pack of older) if (!(await isUsed(pack.folder))) await discard([pack], home);
  }
}
