/**
 * Lists the folders and images of a dataset: hidden entries are skipped, symbolic links followed only where they stay inside
 * the dataset, names normalised (macOS may store "é" as two code points) and sorted by code point.
 */
import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { dirname, extname, join, sep } from 'node:path';
import { fileFault } from '../formats/file-faults.ts';
import type { Finding } from '../shared/dataset-report.ts';
import { InputError, messageOf } from '../shared/errors.ts';
import { byCodePoint } from './code-points.ts';
import { MAX_SAMPLES } from './dataset.ts';

const IMAGES: ReadonlySet<string> = new Set(['.jpg', '.jpeg', '.jpe', '.jfif', '.png', '.webp', '.bmp']);
/** Images that people have but the decoder does not read: worth a word, where a `.txt` is not. */
const OTHER_IMAGES: ReadonlySet<string> = new Set([
  '.gif',
  '.tif',
  '.tiff',
  '.heic',
  '.heif',
  '.avif',
  '.jxl',
  '.jp2',
  '.svg',
  '.psd',
  '.dng',
]);
/** Left behind by macOS archives and network disks; everything else that is hidden starts with a dot. */
const HIDDEN: ReadonlySet<string> = new Set(['__MACOSX', '@eaDir', '$RECYCLE.BIN', 'System Volume Information']);
/** Deeper trees are a mistake, or a loop of links. */
const MAX_DEPTH = 16;

/** An entry of a folder. */
export interface Entry {
  /** In Unicode normal form C. */
  readonly name: string;
  /** As the file system spells it. */
  readonly path: string;
}

export interface FolderEntries {
  readonly folders: readonly Entry[];
  readonly images: readonly Entry[];
}

export class FolderReader {
  readonly #root: string;
  readonly #leftOut: Finding[] = [];
  /** First file and number of files, by extension. */
  readonly #unread = new Map<string, { first: string; count: number }>();
  readonly #read = new Map<string, FolderEntries>();
  #listed = 0;

  private constructor(root: string) {
    this.#root = root;
  }

  /** Throws an `InputError` where there is no such folder. */
  static async open(root: string): Promise<FolderReader> {
    try {
      return new FolderReader(await realpath(root));
    } catch (error) {
      throw fileFault(error, root);
    }
  }

  /** Reads a folder once; asked again, it answers from memory. */
  async entries(folder: string): Promise<FolderEntries> {
    let entries = this.#read.get(folder);
    if (entries === undefined) this.#read.set(folder, (entries = await this.#list(folder)));
    return entries;
  }

  async #list(folder: string): Promise<FolderEntries> {
    const folders: Entry[] = [];
    const images: Entry[] = [];
    for (const entry of await readFolder(folder)) {
      if (isHidden(entry.name)) continue;
      const path = join(folder, entry.name);
      const type = entry.isSymbolicLink() ? await this.#follow(path) : entry;
      const named = { name: entry.name.normalize('NFC'), path };
      if (type?.isDirectory() === true) folders.push(named);
      else if (type?.isFile() === true && this.#isImage(named)) images.push(named);
    }
    this.#listed += images.length;
    if (this.#listed > MAX_SAMPLES) {
      throw new InputError(`more than ${MAX_SAMPLES} images; choose a smaller folder`, { file: this.#root });
    }
    return { folders: sorted(folders), images: sorted(images) };
  }

  /** All images below a folder, sorted folder by folder. `around` holds the real paths of the folders on the way to it. */
  async images(folder: string, around: readonly string[] = []): Promise<Entry[]> {
    const real = await realpath(folder);
    if (around.length >= MAX_DEPTH || around.includes(real)) {
      const message = around.includes(real)
        ? 'links lead back here; left out'
        : `deeper than ${MAX_DEPTH} folders; left out`;
      this.#leftOut.push({ file: folder, message });
      return [];
    }
    const { folders, images } = await this.entries(folder);
    const found = [...images];
    for (const { path } of folders) for (const image of await this.images(path, [...around, real])) found.push(image);
    return found;
  }

  /** What was left out, and why. */
  leftOut(): Finding[] {
    const unread = [...this.#unread].map(([extension, { first, count }]) => ({
      file: first,
      message: `${count === 1 ? 'a' : count} ${extension} file${count === 1 ? ' is' : 's are'} left out; save as JPEG or PNG`,
    }));
    return [...this.#leftOut, ...unread];
  }

  async #follow(path: string): Promise<{ isDirectory(): boolean; isFile(): boolean } | undefined> {
    try {
      const target = await realpath(path);
      const parent = await realpath(dirname(path));
      if (isWithin(target, this.#root) && !isWithin(parent, target)) return await stat(path);
      const where = isWithin(parent, target) ? 'to a folder around it' : 'out of the dataset';
      this.#leftOut.push({ file: path, message: `this link leads ${where}; left out` });
    } catch (error) {
      this.#leftOut.push({ file: path, message: `this link cannot be followed (${messageOf(error)}); left out` });
    }
    return undefined;
  }

  #isImage({ name, path }: Entry): boolean {
    const extension = extname(name).toLowerCase();
    if (OTHER_IMAGES.has(extension)) {
      const seen = this.#unread.get(extension);
      this.#unread.set(extension, { first: seen?.first ?? path, count: (seen?.count ?? 0) + 1 });
    }
    return isImageName(name);
  }
}

/** Whether a file of this name is read as an image. */
export function isImageName(name: string): boolean {
  return IMAGES.has(extname(name).toLowerCase());
}

async function readFolder(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (error) {
    throw fileFault(error, folder);
  }
}

function isHidden(name: string): boolean {
  return name.startsWith('.') || HIDDEN.has(name);
}

function isWithin(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith(sep) ? folder : folder + sep);
}

function sorted(entries: Entry[]): Entry[] {
  return entries.sort((a, b) => byCodePoint(a.name, b.name) || byCodePoint(a.path, b.path));
}
