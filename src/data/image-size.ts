/** What an image measures as it is seen, from its first bytes. */
import { readImageFile } from './decode-image.ts';
import { isTransposed } from './exif-orientation.ts';
import { readImageHeader } from './image-header.ts';
import type { Size } from './rectangle.ts';

/** Upright, in pixels. Throws an `InputError` where the file is no image. */
export async function uprightSize(path: string): Promise<Size> {
  const { width, height, orientation } = readImageHeader(await readImageFile(path), path);
  return isTransposed(orientation) ? { width: height, height: width } : { width, height };
}
