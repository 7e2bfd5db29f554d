/** An image shrunk or enlarged as a whole into a square, centred, with grey around it: what a detector sees outside training. */
import type { RgbImage } from '../decode-image.ts';
import type { Size } from '../rectangle.ts';
import { compose, type Placement, type Tile } from './compose.ts';

/** Where an image of this size goes in a square of `side` pixels. */
export function letterboxOf({ width, height }: Size, side: number): Placement {
  const ratio = side / Math.max(width, height);
  const [wide, high] = [Math.round(width * ratio), Math.round(height * ratio)].map((length) => Math.max(length, 1)) as [
    number,
    number,
  ];
  return {
    scaleX: wide / width,
    scaleY: high / height,
    // An odd pixel goes to the right and below.
    left: Math.floor((side - wide) / 2),
    top: Math.floor((side - high) / 2),
  };
}

/** The tile of a whole image at its place. */
export function wholeTile(image: RgbImage, placement: Placement): Tile {
  const { left, top, scaleX, scaleY } = placement;
  const clip = { x1: left, y1: top, x2: left + image.width * scaleX, y2: top + image.height * scaleY };
  return { image, ...placement, clip };
}

/** `[side, side, 3]`. */
export function letterbox(image: RgbImage, side: number): Uint8Array {
  return compose([wholeTile(image, letterboxOf(image, side))], { width: side, height: side });
}
