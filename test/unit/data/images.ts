/** The image files of test/parity/data_images.py, with the pixels that Pillow sees in them. */
import { readFileSync } from 'node:fs';
import * as z from 'zod';

const bytes = z.base64().transform((text) => new Uint8Array(Buffer.from(text, 'base64')));
const schema = z.array(
  z.object({ name: z.string(), file: bytes, width: z.number(), height: z.number(), pixels: bytes }),
);

export const IMAGES = schema.parse(
  JSON.parse(readFileSync(new URL('../../fixtures/data/images.json', import.meta.url), 'utf8')),
);

/** A copy of the file of this name. */
export function imageFile(name: string): Uint8Array {
  return IMAGES.find((image) => image.name === name)!.file.slice();
}
