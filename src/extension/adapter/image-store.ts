/** Pasted and dropped images as files, since a task reads files: in a folder of their own that is deleted with the panel. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { extname, join } from 'node:path';
import * as vscode from 'vscode';
import { InputError } from '../../shared/errors.ts';
import { MAX_PASTED_BYTES, type PastedImage } from '../../shared/protocol/try.ts';

/** The decoder looks at the bytes; the ending only tells a person what it was. */
const ENDINGS = ['.png', '.jpg', '.jpeg', '.webp', '.bmp', '.gif', '.tif', '.tiff', '.avif'];

export class ImageStore implements vscode.Disposable {
  #folder: Promise<string> | undefined;

  /** The files, in place of those of the time before. Throws an `InputError` for more bytes than are taken. */
  async keep(images: readonly PastedImage[]): Promise<string[]> {
    await this.clear();
    const decoded = images.map(({ name, data }) => ({ name, bytes: Buffer.from(data, 'base64') }));
    if (decoded.reduce((sum, { bytes }) => sum + bytes.length, 0) > MAX_PASTED_BYTES)
      throw new InputError(vscode.l10n.t('these images are too large to be pasted; choose them as files instead'));
    const folder = await (this.#folder ??= mkdtemp(join(tmpdir(), 'lowrank-pasted-')));
    const files = decoded.map(({ name, bytes }, index) => ({ file: join(folder, fileNameOf(name, index)), bytes }));
    for (const { file, bytes } of files) await writeFile(file, bytes, { mode: 0o600 });
    return files.map(({ file }) => file);
  }

  async clear(): Promise<void> {
    const folder = this.#folder;
    this.#folder = undefined;
    if (folder !== undefined) await rm(await folder, { recursive: true, force: true });
  }

  dispose(): void {
    void this.clear();
  }
}

/** A name of ours: what was dropped may be called anything. */
function fileNameOf(name: string, index: number): string {
  const ending = extname(name).toLowerCase();
  return `image-${index + 1}${ENDINGS.includes(ending) ? ending : '.png'}`;
}
