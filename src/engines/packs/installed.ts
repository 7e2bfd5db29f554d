/** The packs that are here, of each the newest version (places.ts). */
import { statSync } from 'node:fs';
import { join } from 'node:path';
import { dataHome } from '../../formats/data-home.ts';
import { readJson } from '../../formats/json.ts';
import { InputError, messageOf } from '../../shared/errors.ts';
import { sha256Of } from './checksum.ts';
import { type Manifest, manifestSchema, MANIFEST, MAX_MANIFEST_BYTES, PACK_NAMES, type PackName } from './manifest.ts';
import { versionsHere } from './places.ts';
import { checkLibraries } from './shared-libraries.ts';

export interface InstalledPack {
  readonly name: PackName;
  readonly folder: string;
  readonly manifest: Manifest;
}

/** A folder of a pack's name that is none that could be used, with the reason. */
export interface BrokenPack {
  readonly name: PackName;
  readonly folder: string;
  readonly reason: string;
}

export function packHome(): string {
  return dataHome('engines');
}

/** The folder of an installed pack whose files are all there; null where there is none. */
export function findPack(name: PackName, home = packHome()): InstalledPack | null {
  const folder = versionsHere(name, home)[0]?.folder;
  if (folder === undefined) return null;
  try {
    return readPack(name, folder);
  } catch {
    return null;
  }
}

export function listPacks(home = packHome()): readonly (InstalledPack | BrokenPack)[] {
  return PACK_NAMES.flatMap((name): (InstalledPack | BrokenPack)[] => {
    const folder = versionsHere(name, home)[0]?.folder;
    if (folder === undefined) return [];
    try {
      return [readPack(name, folder)];
    } catch (error) {
      return [{ name, folder, reason: messageOf(error) }];
    }
  });
}

/** Throws an `InputError` for a file that is missing or of another size than the manifest says; contents are not read. */
function readPack(name: PackName, folder: string): InstalledPack {
  const file = join(folder, MANIFEST);
  const manifest = readJson(file, manifestSchema, { maxBytes: MAX_MANIFEST_BYTES });
  if (manifest.name !== name) throw new InputError(`is a pack of ${manifest.name}; ${again(name)}`, { file });
  for (const { path, bytes } of manifest.files) {
    const size = statSync(join(folder, path), { throwIfNoEntry: false })?.size;
    if (size === bytes) continue;
    const what = size === undefined ? 'is missing' : `has ${size} bytes instead of ${bytes}`;
    throw new InputError(`${what}; ${again(name)}`, { file: join(folder, path) });
  }
  return { name, folder, manifest };
}

/** Reads every file of an installed pack. Throws an `InputError` for the first that is not what the manifest says. */
export async function checkPack(name: PackName, home = packHome()): Promise<void> {
  const folder = versionsHere(name, home)[0]?.folder;
  if (folder === undefined)
    throw new InputError('is not installed; lowrank engines list tells what is', { file: name });
  const { manifest } = readPack(name, folder);
  for (const { path, sha256 } of manifest.files) {
    const file = join(folder, path);
    if ((await sha256Of(file)) !== sha256) {
      throw new InputError(`is not what its manifest says; ${again(name)}`, { file });
    }
  }
  await checkLibraries(folder, manifest);
}

function again(name: PackName): string {
  return `install it again: lowrank engines install ${name}`;
}
