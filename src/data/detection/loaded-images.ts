/** Decoded images of a thread, shrunk to the picture's side: a mosaic needs each of them four times an epoch. */
import { decodeImageSync, type RgbImage } from '../decode-image.ts';
import { compose } from './compose.ts';
import { letterboxOf } from './letterbox.ts';

export class LoadedImages {
  readonly #side: number;
  readonly #maxBytes: number;
  /** The one that was used last at the end. */
  readonly #images = new Map<string, RgbImage>();
  #bytes = 0;

  constructor(side: number, maxBytes: number) {
    this.#side = side;
    this.#maxBytes = maxBytes;
  }

  /** Throws an `InputError` where it cannot be read. */
  load(path: string): RgbImage {
    const kept = this.#images.get(path);
    if (kept !== undefined) {
      this.#images.delete(path);
      this.#images.set(path, kept);
      return kept;
    }
    const image = shrunk(decodeImageSync(path), this.#side);
    this.#keep(path, image);
    return image;
  }

  #keep(path: string, image: RgbImage): void {
    if (image.data.length > this.#maxBytes) return;
    this.#images.set(path, image);
    this.#bytes += image.data.length;
    for (const [oldest, { data }] of this.#images) {
      if (this.#bytes <= this.#maxBytes) break;
      this.#images.delete(oldest);
      this.#bytes -= data.length;
    }
  }
}

/** A larger image with its longer side as long as the picture's; a smaller one as it is. */
function shrunk(image: RgbImage, side: number): RgbImage {
  if (Math.max(image.width, image.height) <= side) return image;
  const { scaleX, scaleY } = letterboxOf(image, side);
  const size = { width: Math.round(image.width * scaleX), height: Math.round(image.height * scaleY) };
  const clip = { x1: 0, y1: 0, x2: size.width, y2: size.height };
  return { ...size, data: compose([{ image, scaleX, scaleY, left: 0, top: 0, clip }], size) };
}
