/**
 * Draws images into one picture, each moved and scaled along the axes: letterbox, mosaic, and random scale and place are all this. Between
 * pixels it is linear between the two nearest, as OpenCV's `INTER_LINEAR` is (no antialiasing: detectors are trained with it).
 */
import type { RgbImage } from '../decode-image.ts';

/** What no image covers: the grey that YOLO's models know. */
export const GROUND = 114;

/** Where an image goes: its point (x, y) to (x · scaleX + left, y · scaleY + top), in pixels, edges being whole numbers. */
export interface Placement {
  readonly scaleX: number;
  readonly scaleY: number;
  readonly left: number;
  readonly top: number;
}

export interface Tile extends Placement {
  readonly image: RgbImage;
  /** Of the picture, in pixels: it is drawn where the middle of a pixel lies inside. */
  readonly clip: { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number };
}

/** `[height, width, 3]`; the later of two tiles covers the earlier. */
export function compose(tiles: readonly Tile[], { width, height }: { width: number; height: number }): Uint8Array {
  const pixels = new Uint8Array(width * height * 3).fill(GROUND);
  for (const tile of tiles) draw(tile, pixels, width, height);
  return pixels;
}

/** Along one axis, for each pixel of the picture: the two it lies between, and the weight of the second, of 2048. */
interface Taps {
  readonly from: number;
  readonly to: number;
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly weight: Int32Array;
}

/** OpenCV's weights have 11 bits. */
const BITS = 11;
const ONE = 1 << BITS;
const HALF = 1 << (2 * BITS - 1);

function draw(
  { image, clip, scaleX, scaleY, left, top }: Tile,
  pixels: Uint8Array,
  width: number,
  height: number,
): void {
  const across = tapsOf(clip.x1, clip.x2, width, scaleX, left, image.width);
  const down = tapsOf(clip.y1, clip.y2, height, scaleY, top, image.height);
  if (scaleX === 1 && scaleY === 1 && isWithin(across, image.width) && isWithin(down, image.height)) {
    copyRows(image, { across, down }, pixels, width);
    return;
  }
  const count = 3 * across.low.length;
  // Two rows of the image at the picture's width: the next row of the picture often lies between the same two, or one of them.
  let [above, below] = [new Int32Array(count), new Int32Array(count)];
  let [aboveAt, belowAt] = [-1, -1];
  for (let y = down.from; y < down.to; y++) {
    const [high, low] = [down.low[y - down.from]!, down.high[y - down.from]!];
    if (high === belowAt) [above, aboveAt, below, belowAt] = [below, belowAt, above, aboveAt];
    if (high !== aboveAt) stretch(image, (aboveAt = high), across, above);
    if (low !== belowAt) stretch(image, (belowAt = low), across, below);
    const lower = down.weight[y - down.from]!;
    const upper = ONE - lower;
    const to = (y * width + across.from) * 3;
    for (let i = 0; i < count; i++) {
      // Below 2³¹: 255 · 2²² and a half.
      pixels[to + i] = (Math.imul(above[i]!, upper) + Math.imul(below[i]!, lower) + HALF) >> (2 * BITS);
    }
  }
}

/** Whether each pixel of the picture is one of the image: an image whose size is right already is most common. */
function isWithin({ low, weight }: Taps, count: number): boolean {
  const [first, last] = [low[0], low.at(-1)];
  return first !== undefined && last! - first === low.length - 1 && last! < count && weight.every((each) => each === 0);
}

function copyRows(
  { data, width: own }: RgbImage,
  { across, down }: { readonly across: Taps; readonly down: Taps },
  pixels: Uint8Array,
  width: number,
): void {
  for (const [i, row] of down.low.entries()) {
    const from = 3 * (row * own + across.low[0]!);
    const to = 3 * ((down.from + i) * width + across.from);
    pixels.set(data.subarray(from, from + 3 * across.low.length), to);
  }
}

/** A row of an image at the picture's width, times `ONE`. */
function stretch({ data, width }: RgbImage, row: number, { low, high, weight }: Taps, into: Int32Array): void {
  const start = row * width * 3;
  for (let i = 0, to = 0; i < low.length; i++, to += 3) {
    const one = start + low[i]! * 3;
    const other = start + high[i]! * 3;
    const right = weight[i]!;
    const near = ONE - right;
    into[to] = Math.imul(data[one]!, near) + Math.imul(data[other]!, right);
    into[to + 1] = Math.imul(data[one + 1]!, near) + Math.imul(data[other + 1]!, right);
    into[to + 2] = Math.imul(data[one + 2]!, near) + Math.imul(data[other + 2]!, right);
  }
}

function tapsOf(start: number, end: number, length: number, scale: number, offset: number, count: number): Taps {
  const from = Math.min(Math.max(Math.ceil(start - 0.5), 0), length);
  const to = Math.min(Math.max(Math.ceil(end - 0.5), from), length);
  const low = new Int32Array(to - from);
  const high = new Int32Array(to - from);
  const weight = new Int32Array(to - from);
  for (let at = from; at < to; at++) {
    const place = (at + 0.5 - offset) / scale - 0.5;
    const floor = Math.floor(place);
    low[at - from] = Math.min(Math.max(floor, 0), count - 1);
    high[at - from] = Math.min(Math.max(floor + 1, 0), count - 1);
    weight[at - from] = Math.round((place - floor) * ONE);
  }
  return { from, to, low, high, weight };
}
