/** Finds the images that an annotation names by a path, or by a bare file name with or without its ending, below some folders. */
import { basename, extname, join, posix, resolve, sep } from 'node:path';
import { FolderReader } from '../folder-entries.ts';

export class ImageIndex {
  readonly #folders: readonly string[];
  readonly #paths: ReadonlySet<string>;
  /** The first of each name, with and without its ending: names are unique within a split. */
  readonly #byName: ReadonlyMap<string, string>;

  private constructor(folders: readonly string[], paths: readonly string[]) {
    this.#folders = folders;
    this.#paths = new Set(paths);
    this.#byName = new Map(
      [...paths].reverse().flatMap((path) => [
        [basename(path, extname(path)), path],
        [basename(path), path],
      ]),
    );
  }

  static async open(folders: readonly string[]): Promise<ImageIndex> {
    const paths: string[] = [];
    for (const folder of folders)
      for (const { path } of await (await FolderReader.open(folder)).images(folder)) paths.push(path);
    return new ImageIndex(folders, paths);
  }

  /** Only what was listed is found: a name with `..` in it leads nowhere else. */
  find(name: string): string | undefined {
    // A name from Windows; a file on another system may have a backslash in its own.
    const slashed = name.replaceAll('\\', '/');
    for (const spelled of [name, slashed])
      for (const folder of this.#folders) {
        const path = resolve(folder, join('.', spelled.replaceAll('/', sep)));
        if (this.#paths.has(path)) return path;
      }
    return this.#byName.get(basename(name)) ?? this.#byName.get(posix.basename(slashed));
  }
}
