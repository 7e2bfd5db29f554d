/**
 * Files and folders that appear whole or not at all: written under a temporary name beside their place, forced to the disk,
 * then renamed. A process killed at any moment leaves the old content or the new, and at worst a `.tmp-…` beside it.
 */
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { codeOf, faultInPlace, fileFault } from './file-faults.ts';
import { makeDirectory } from './make-directory.ts';

/** Text, bytes, or bytes in pieces: large files need not be put together in memory first. */
export type FileContent = string | Uint8Array | Iterable<Uint8Array>;

/**
 * Writes a file atomically, with its folders. A full disk, missing rights or a read-only place is an `InputError` naming
 * `path`; the file keeps what it held and nothing new is left behind.
 */
export async function writeFileAtomic(path: string, content: FileContent): Promise<void> {
  const temp = join(dirname(path), temporaryName());
  try {
    await makeDirectory(dirname(path));
    await writeDurably(temp, content);
    await renameOver(temp, path);
    await syncDirectory(dirname(path));
  } catch (error) {
    await rm(temp, { force: true }).catch(() => undefined);
    throw fileFault(error, path);
  }
}

/**
 * Fills a new folder through `fill`, then puts it in the place of `directory`. If `fill` throws, `directory` stays as it was.
 * POSIX cannot swap two folders in one call: between two renames an existing folder lies under its `.previous-…` name,
 * from where `recoverDirectory` brings it back.
 */
export async function writeDirectoryAtomic(
  directory: string,
  fill: (temp: string) => Promise<void> | void,
): Promise<void> {
  const parent = dirname(resolve(directory));
  const temp = join(parent, temporaryName());
  try {
    await recoverDirectory(directory);
    await makeDirectory(temp);
    await fill(temp);
    await syncTree(temp);
    await swapIn(temp, directory);
    await syncDirectory(parent);
  } catch (error) {
    await rm(temp, { recursive: true, force: true }).catch(() => undefined);
    throw fileFault(faultInPlace(error, temp, directory), directory);
  }
}

/** Undoes a replacement of `directory` that a killed process left half-way; does nothing otherwise. */
export async function recoverDirectory(directory: string): Promise<void> {
  const previous = previousOf(directory);
  if (!existsSync(previous)) return;
  if (existsSync(directory)) await rm(previous, { recursive: true, force: true });
  else await renameOver(previous, directory);
}

async function swapIn(temp: string, directory: string): Promise<void> {
  if (!existsSync(directory)) {
    await renameOver(temp, directory);
    return;
  }
  const previous = previousOf(directory);
  await renameOver(directory, previous);
  try {
    await renameOver(temp, directory);
  } catch (error) {
    await renameOver(previous, directory);
    throw error;
  }
  await rm(previous, { recursive: true, force: true });
}

function previousOf(directory: string): string {
  const path = resolve(directory);
  return join(dirname(path), `.previous-${basename(path)}`);
}

/** Short and without the target's own name, which may already be as long as the file system allows. */
function temporaryName(): string {
  return `.tmp-${randomBytes(6).toString('hex')}`;
}

async function writeDurably(path: string, content: FileContent): Promise<void> {
  const file = await open(path, 'wx');
  try {
    const pieces = typeof content === 'string' || content instanceof Uint8Array ? [content] : content;
    for (const piece of pieces) await file.writeFile(piece);
    await file.sync();
  } finally {
    await file.close();
  }
}

const RENAME_ATTEMPTS = 6;

/** On Windows a virus scanner or an indexer may hold a fresh file for a moment; everywhere else the first attempt counts. */
async function renameOver(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      const held = ['EPERM', 'EACCES', 'EBUSY'].includes(codeOf(error) ?? '');
      if (process.platform !== 'win32' || !held || attempt === RENAME_ATTEMPTS) throw error;
      await sleep(10 * 2 ** attempt);
    }
  }
}

async function syncTree(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await syncTree(path);
    else if (entry.isFile()) await sync(path, 'r+');
  }
  await syncDirectory(directory);
}

/** Makes a rename durable. Windows neither offers nor needs it. */
async function syncDirectory(directory: string): Promise<void> {
  if (process.platform !== 'win32') await sync(directory, 'r');
}

async function sync(path: string, flags: 'r' | 'r+'): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
