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
  const { data } = image;
  for (let y = down.from; y < down.to; y++) {
    const above = down.low[y - down.from]! * image.width * 3;
    const below = down.high[y - down.from]! * image.width * 3;
    const lower = down.weight[y - down.from]!;
    const upper = ONE - lower;
    let to = (y * width + across.from) * 3;
    for (let i = 0; i < across.low.length; i++) {
      const one = across.low[i]! * 3;
      const other = across.high[i]! * 3;
      const right = across.weight[i]!;
      const near = ONE - right;
      for (let channel = 0; channel < 3; channel++, to++) {
        const first = data[above + one + channel]! * near + data[above + other + channel]! * right;
        const second = data[below + one + channel]! * near + data[below + other + channel]! * right;
        // Below 2³¹: 255 · 2²² and a half.
        pixels[to] = (first * upper + second * lower + HALF) >> (2 * BITS);
      }
    }
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
