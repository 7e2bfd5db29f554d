/** Small pictures for files and views. */
import { Transformer } from '@napi-rs/image';
import type { RgbImage } from './decode-image.ts';

/** Of WebP: what a thumbnail needs, at some 3 kB for 128 pixels. */
const QUALITY = 75;

/** Encodes off this thread. */
export async function encodeImage({ width, height, data }: RgbImage, format: 'png' | 'webp'): Promise<Uint8Array> {
  const rgba = new Uint8Array(width * height * 4).fill(255);
  for (let from = 0, to = 0; from < data.length; from += 3, to += 4) rgba.set(data.subarray(from, from + 3), to);
  const encoder = Transformer.fromRgbaPixels(rgba, width, height);
  return format === 'png' ? encoder.png() : encoder.webp(QUALITY);
}
