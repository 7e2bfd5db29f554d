/**
 * Decodes JPEG, PNG, WebP and BMP to 8-bit RGB, upright. As `PIL.Image.convert('RGB')`: alpha is dropped, not blended; grey is
 * repeated. 16-bit samples keep their high byte, for grey too, where PIL clips (its colours it reduces the same way).
 */
import { readFileSync, statSync } from 'node:fs';
import { readFile, stat } from 'node:fs/promises';
import { JsColorType, type Metadata, Transformer } from '@napi-rs/image';
import { fileFault } from '../formats/file-faults.ts';
import { InputError, messageOf } from '../shared/errors.ts';
import { isTransposed, upright } from './exif-orientation.ts';
import { type ImageHeader, readImageHeader } from './image-header.ts';

/** Rows of RGB pixels from the top: `data` is `[height, width, 3]`. */
export interface RgbImage {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Larger files are no photographs: 100 megapixels of 16-bit RGB take 600 MB uncompressed, of 8-bit RGBA in a BMP 400 MB. */
const MAX_IMAGE_BYTES = 512 * 2 ** 20;
/** A decoder's own words, shortened. */
const MAX_REASON = 120;

/** What a decoded sample looks like: channels in a pixel, and bytes in a channel. */
const LAYOUTS: ReadonlyMap<JsColorType, readonly [channels: number, bytes: number]> = new Map([
  [JsColorType.L8, [1, 1]],
  [JsColorType.La8, [2, 1]],
  [JsColorType.Rgb8, [3, 1]],
  [JsColorType.Rgba8, [4, 1]],
  [JsColorType.L16, [1, 2]],
  [JsColorType.La16, [2, 2]],
  [JsColorType.Rgb16, [3, 2]],
  [JsColorType.Rgba16, [4, 2]],
]);

/** Decodes off this thread. `source` is a path, or bytes that errors call `file`. Any fault of the image is an `InputError`. */
export async function decodeImage(source: string | Uint8Array, file?: string): Promise<RgbImage> {
  const name = file ?? (typeof source === 'string' ? source : 'image');
  const bytes = typeof source === 'string' ? await readImageFile(source) : source;
  const header = readImageHeader(bytes, name);
  try {
    const decoder = new Transformer(bytes);
    return toRgb(header, await decoder.metadata(), await decoder.rawPixels());
  } catch (error) {
    throw damaged(error, name);
  }
}

/** The same on this thread: for workers. */
export function decodeImageSync(source: string | Uint8Array, file?: string): RgbImage {
  const name = file ?? (typeof source === 'string' ? source : 'image');
  const bytes = typeof source === 'string' ? readImageFileSync(source) : source;
  const header = readImageHeader(bytes, name);
  try {
    const decoder = new Transformer(bytes);
    return toRgb(header, decoder.metadataSync(), decoder.rawPixelsSync());
  } catch (error) {
    throw damaged(error, name);
  }
}

/** The bytes of an image file, bounded. Throws an `InputError` where it cannot be read. */
export async function readImageFile(path: string): Promise<Uint8Array> {
  try {
    checkSize((await stat(path)).size, path);
    return await readFile(path);
  } catch (error) {
    throw fileFault(error, path);
  }
}

function readImageFileSync(path: string): Uint8Array {
  try {
    checkSize(statSync(path).size, path);
    return readFileSync(path);
  } catch (error) {
    throw fileFault(error, path);
  }
}

function checkSize(size: number, path: string): void {
  if (size > MAX_IMAGE_BYTES)
    throw new InputError(`${size} bytes; at most ${MAX_IMAGE_BYTES} are read`, { file: path });
}

function toRgb(header: ImageHeader, { width, height, colorType }: Metadata, pixels: Uint8Array): RgbImage {
  const layout = LAYOUTS.get(colorType);
  if (width !== header.width || height !== header.height) throw new Error('its parts contradict each other in size');
  if (layout === undefined) throw new Error('its colours are stored in a way that is not read');
  const [channels, bytes] = layout;
  const count = width * height;
  if (pixels.length !== count * channels * bytes) throw new Error('it has too few pixels');
  const data = channels === 3 && bytes === 1 ? pixels : pickRgb(pixels, count, channels, bytes);
  const turned = upright(data, width, height, header.orientation);
  return isTransposed(header.orientation)
    ? { width: height, height: width, data: turned }
    : { width, height, data: turned };
}

function pickRgb(pixels: Uint8Array, count: number, channels: number, bytes: number): Uint8Array {
  const data = new Uint8Array(3 * count);
  const step = channels * bytes;
  // Samples come in the machine's byte order, which is little-endian wherever Node runs: the high byte is the last.
  const high = bytes - 1;
  const [green, blue] = channels < 3 ? [high, high] : [bytes + high, 2 * bytes + high];
  for (let from = 0, to = 0; to < data.length; from += step, to += 3) {
    data[to] = pixels[from + high]!;
    data[to + 1] = pixels[from + green]!;
    data[to + 2] = pixels[from + blue]!;
  }
  return data;
}

function damaged(error: unknown, file: string): InputError {
  const reason = messageOf(error)
    .replace(/^Decode image failed /, '')
    .replace(/\s+/g, ' ')
    .slice(0, MAX_REASON);
  return new InputError(`cannot be decoded (${reason}); replace or remove it`, { file });
}
