/**
 * Installs a pack: refused first where it cannot run here, then fetched with resume, checked, unpacked beside its place and put there
 * by one rename, beside an older version that a training may be using. Whatever ends the process leaves the old pack, and what was
 * fetched so far for the next attempt.
 */
import { rm, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { downloadFile } from '../../fetch/download.ts';
import { request, TransientError } from '../../fetch/request.ts';
import { writeDirectoryAtomic } from '../../formats/atomic-write.ts';
import { fileFault } from '../../formats/file-faults.ts';
import { makeDirectory } from '../../formats/make-directory.ts';
import { formatBytes } from '../../shared/format.ts';
import { InputError } from '../../shared/errors.ts';
import { openArchive } from './archive.ts';
import { sha256Of } from './checksum.ts';
import { findPack, type InstalledPack, packHome } from './installed.ts';
import { withLock } from './lock.ts';
import { checkFit, type Machine, thisMachine } from './machine.ts';
import { compareVersions, type ListedPack, PACK_NAMES, sizeOf } from './manifest.ts';
import { clear, discard, packFolder, versionsHere } from './places.ts';
import { checkLibraries } from './shared-libraries.ts';
import { serverOf, type Source, sourceOf, type SourceOptions } from './sources.ts';
import { checkUnused } from './users.ts';

/** Archives being fetched, and nothing else. */
const DOWNLOADS = '.downloads';

export interface InstallProgress {
  readonly phase: 'download' | 'check' | 'unpack';
  /** Bytes; `total` is 0 where nobody says. */
  readonly done: number;
  readonly total: number;
}

export interface InstallOptions extends SourceOptions {
  /** Where packs live; else `<data home>/engines`. */
  readonly home?: string | undefined;
  /** What the archive must be, in hexadecimal; the index tells it of what it lists. */
  readonly sha256?: string | undefined;
  readonly machine?: Machine | undefined;
  /** In bytes, of the disk that `folder` is on. */
  readonly freeSpace?: ((folder: string) => Promise<number>) | undefined;
  readonly onProgress?: ((progress: InstallProgress) => void) | undefined;
}

/** `what` is the name of a pack, a file, or an address. Throws an `InputError` that says what to do. */
export async function installPack(what: string, options: InstallOptions = {}): Promise<InstalledPack> {
  const home = options.home ?? packHome();
  const machine = options.machine ?? (await thisMachine());
  return withLock(home, async () => {
    await clear(PACK_NAMES, home);
    const source = await sourceOf(what, options);
    if (source.listed !== null) checkFit(source.listed, machine, what);
    const archive = await fetched(source, what, home, options);
    try {
      const installed = await unpack(archive, what, { home, machine, options });
      await rm(join(home, DOWNLOADS), { recursive: true, force: true });
      return installed;
    } catch (error) {
      // What is known to be right is kept for the next attempt; anything else would only fail again.
      if (source.kind === 'url' && checksumOf(source, options) === undefined) await rm(archive, { force: true });
      throw error;
    }
  });
}

/** Takes a pack away. Throws an `InputError` where it is not there or in use. */
export async function removePack(name: InstalledPack['name'], home = packHome()): Promise<void> {
  await withLock(home, async () => {
    const packs = versionsHere(name, home);
    if (packs.length === 0) {
      throw new InputError('is not installed; lowrank engines list tells what is', { file: name });
    }
    for (const { folder } of packs) await checkUnused(folder);
    await discard(packs, home);
  });
}

function checksumOf({ listed }: Source, { sha256 }: InstallOptions): string | undefined {
  return sha256 ?? listed?.sha256;
}

/** The archive as a file that is known to be what it should. */
async function fetched(source: Source, what: string, home: string, options: InstallOptions): Promise<string> {
  const { listed } = source;
  const sha256 = checksumOf(source, options);
  if (source.kind === 'file') {
    if (sha256 !== undefined) await checkContent(source.path, sha256, options.onProgress);
    return source.path;
  }
  const directory = join(home, DOWNLOADS);
  await makeDirectory(directory);
  const server = serverOf(what, options);
  const name = source.key;
  try {
    const size = listed?.bytes ?? (await server.retrying(() => announcedSize(server, source.url)));
    const present = await presentBytes(join(directory, name));
    await checkSpace(directory, (size ?? 0) - present + (listed?.unpackedBytes ?? 0), what, options);
    const checksum = sha256 === undefined ? undefined : ({ algorithm: 'sha256', hex: sha256 } as const);
    await downloadFile(server, {
      url: source.url,
      file: { name, size, checksum },
      directory,
      onBytes: (done) => options.onProgress?.({ phase: 'download', done, total: size ?? 0 }),
    });
  } catch (error) {
    if (error instanceof TransientError) {
      throw new InputError(`the download broke off (${error.message}); start again to resume it`, { file: what });
    }
    throw fileFault(error, directory);
  }
  return join(directory, name);
}

async function presentBytes(path: string): Promise<number> {
  return (await sizeOfFile(path)) || (await sizeOfFile(`${path}.part`));
}

async function announcedSize(server: ReturnType<typeof serverOf>, url: string): Promise<number | undefined> {
  const length = (await request(server, url, { method: 'HEAD' })).headers.get('content-length');
  return length !== null && /^\d{1,15}$/.test(length) ? Number(length) : undefined;
}

async function checkContent(path: string, sha256: string, onProgress: InstallOptions['onProgress']): Promise<void> {
  const total = await sizeOfFile(path);
  const found = await sha256Of(path, (done) => onProgress?.({ phase: 'check', done, total }));
  if (found !== sha256) throw new InputError('its content contradicts its checksum; fetch it again', { file: path });
}

async function sizeOfFile(path: string): Promise<number> {
  return (await stat(path).catch(() => null))?.size ?? 0;
}

interface Place {
  readonly home: string;
  readonly machine: Machine;
  readonly options: InstallOptions;
}

async function unpack(path: string, what: string, { home, machine, options }: Place): Promise<InstalledPack> {
  const archive = await openArchive(path);
  try {
    const { manifest } = archive;
    checkFit(manifest, machine, what);
    const total = sizeOf(manifest.files);
    await checkSpace(home, total, what, options);
    const folder = packFolder(manifest.name, manifest.version, home);
    // This version is put in anew, and a newer one would go on counting.
    const newer = versionsHere(manifest.name, home).filter(
      ({ version }) => compareVersions(version, manifest.version) >= 0,
    );
    for (const other of newer) await checkUnused(other.folder);
    await writeDirectoryAtomic(folder, async (temp) => {
      await archive.unpack(temp, (done) => options.onProgress?.({ phase: 'unpack', done, total }));
      await checkLibraries(temp, manifest);
    });
    await discard(
      newer.filter((other) => other.folder !== folder),
      home,
    );
    await clear([manifest.name], home);
    const installed = findPack(manifest.name, home);
    if (installed === null) throw new Error(`${folder} is no pack after its installation`);
    return installed;
  } finally {
    archive.close();
  }
}

async function checkSpace(folder: string, bytes: number, what: string, options: InstallOptions): Promise<void> {
  const free = await (options.freeSpace ?? freeSpace)(folder);
  if (bytes <= free) return;
  throw new InputError(
    `needs ${formatBytes(bytes)} in ${folder}, ${formatBytes(free)} are free; make room, or set LOWRANK_CACHE to another disk`,
    { file: what },
  );
}

async function freeSpace(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Whether an index has a newer one than is installed. */
export function isNewer(listed: Pick<ListedPack, 'version'>, { manifest }: InstalledPack): boolean {
  return compareVersions(listed.version, manifest.version) > 0;
}
