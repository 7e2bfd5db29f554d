/** A dataset that is drawn by code, so that a first run needs no download: a new folder, all or nothing. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDirectoryAtomic } from '../formats/atomic-write.ts';
import { namesIn } from '../formats/folder-names.ts';
import { InputError } from '../shared/errors.ts';
import { encodeImage } from './encode-image.ts';
import type { SampleDomain } from './sample-image.ts';

export interface DrawnOptions {
  readonly seed?: number;
  readonly domain?: SampleDomain;
}

/** `write` is given the folder under another name. Throws an `InputError` where `directory` holds anything. */
export async function writeDrawnFolder(directory: string, write: (folder: string) => Promise<void>): Promise<void> {
  if (namesIn(directory).length > 0) {
    throw new InputError('the folder is not empty; choose a new one', { file: directory });
  }
  await writeDirectoryAtomic(directory, write);
}

/** `pixels` is RGB of a square of `side` pixels. */
export async function writeDrawnImage(folder: string, name: string, side: number, pixels: Uint8Array): Promise<void> {
  const image = { width: side, height: side, data: pixels };
  await writeFile(join(folder, `${name}.png`), await encodeImage(image, 'png'));
}

export function drawnName(index: number): string {
  return String(index).padStart(3, '0');
}
