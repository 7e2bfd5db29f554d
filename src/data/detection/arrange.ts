/**
 * Where the images of one training picture go, and their boxes with them: one image, or a mosaic of four that meet at a random point,
 * scaled and moved at random. All numbers are drawn from `random`; pixels play no part.
 */
import type { Random } from '../../shared/random.ts';
import type { Boxes } from '../dataset.ts';
import type { RgbImage } from '../decode-image.ts';
import { type Tile } from './compose.ts';
import { letterboxOf, wholeTile } from './letterbox.ts';

export interface Movement {
  /** Largest change of the factor 1. */
  readonly scale: number;
  /** Largest shift, in parts of the picture. */
  readonly translate: number;
}

export interface Pictured {
  readonly image: RgbImage;
  readonly boxes: Boxes;
}

/** Rows of `[label, x1, y1, x2, y2]`, in pixels of the picture. */
export type BoxRow = readonly [label: number, x1: number, y1: number, x2: number, y2: number];

export interface Arrangement {
  readonly tiles: readonly Tile[];
  readonly boxes: readonly BoxRow[];
}

/** What is left of a box must be this large in pixels, this part of it, and no thinner than this, or nobody would know what it is. */
const LEAST_SIDE = 2;
const LEAST_SHARE = 0.1;
const MOST_ASPECT = 100;

type Region = Tile['clip'];

interface Placed {
  readonly tile: Tile;
  readonly boxes: Boxes;
}

/** The image as a whole with all its boxes. */
export function letterboxed({ image, boxes }: Pictured, side: number): Arrangement {
  const tile = wholeTile(image, letterboxOf(image, side));
  return { tiles: [tile], boxes: cut({ tile, boxes }, side).map(({ row }) => row) };
}

/** One image, scaled and moved. */
export function single(pictured: Pictured, side: number, movement: Movement, random: Random): Arrangement {
  const tile = wholeTile(pictured.image, letterboxOf(pictured.image, side));
  return moved([{ tile, boxes: pictured.boxes }], side, side, movement, random);
}

/** Four images around a point of a square twice as large, of which a part as large as one is seen. */
export function mosaic(four: readonly Pictured[], side: number, movement: Movement, random: Random): Arrangement {
  const [centreX, centreY] = [0, 1].map(() => Math.round(random.uniform(0.5, 1.5) * side)) as [number, number];
  const canvas = 2 * side;
  const placed = four.map(({ image, boxes }, place) => {
    const { scaleX, scaleY } = letterboxOf(image, side);
    const left = place % 2 === 0 ? centreX - image.width * scaleX : centreX;
    const top = place < 2 ? centreY - image.height * scaleY : centreY;
    const whole = wholeTile(image, { scaleX, scaleY, left, top });
    return { tile: { ...whole, clip: within(whole.clip, { x1: 0, y1: 0, x2: canvas, y2: canvas }) }, boxes };
  });
  return moved(placed, canvas, side, movement, random);
}

/** Scales a square of `canvas` pixels around its middle, and shows of it what lies in the picture. */
function moved(
  placed: readonly Placed[],
  canvas: number,
  side: number,
  { scale, translate }: Movement,
  random: Random,
): Arrangement {
  const factor = random.uniform(1 - scale, 1 + scale);
  const [shiftX, shiftY] = [0, 1].map(() => random.uniform(0.5 - translate, 0.5 + translate) * side) as [
    number,
    number,
  ];
  const toX = (x: number): number => factor * (x - canvas / 2) + shiftX;
  const toY = (y: number): number => factor * (y - canvas / 2) + shiftY;
  const all = placed.map(({ tile: { image, scaleX, scaleY, left, top, clip }, boxes }) => ({
    tile: {
      image,
      scaleX: scaleX * factor,
      scaleY: scaleY * factor,
      left: toX(left),
      top: toY(top),
      clip: { x1: toX(clip.x1), y1: toY(clip.y1), x2: toX(clip.x2), y2: toY(clip.y2) },
    },
    boxes,
  }));
  return {
    tiles: all.map(({ tile }) => tile),
    boxes: all.flatMap((one) => cut(one, side).flatMap(({ row, share }) => (isWorthwhile(row, share) ? [row] : []))),
  };
}

/** The boxes as far as they are seen, and how large a part of each that is. */
function cut({ tile, boxes: { labels, corners } }: Placed, side: number): { row: BoxRow; share: number }[] {
  const { image, scaleX, scaleY, left, top, clip } = tile;
  const seen = within(clip, { x1: 0, y1: 0, x2: side, y2: side });
  const [wide, high] = [image.width * scaleX, image.height * scaleY];
  return Array.from(labels, (label, i) => {
    const whole = {
      x1: corners[4 * i]! * wide + left,
      y1: corners[4 * i + 1]! * high + top,
      x2: corners[4 * i + 2]! * wide + left,
      y2: corners[4 * i + 3]! * high + top,
    };
    const { x1, y1, x2, y2 } = within(whole, seen);
    const share = (Math.max(x2 - x1, 0) * Math.max(y2 - y1, 0)) / ((whole.x2 - whole.x1) * (whole.y2 - whole.y1));
    return { row: [label, x1, y1, x2, y2], share };
  });
}

function isWorthwhile([, x1, y1, x2, y2]: BoxRow, share: number): boolean {
  const [width, height] = [x2 - x1, y2 - y1];
  if (Math.min(width, height) <= LEAST_SIDE || share <= LEAST_SHARE) return false;
  return Math.max(width / height, height / width) < MOST_ASPECT;
}

function within(region: Region, limits: Region): Region {
  return {
    x1: Math.max(region.x1, limits.x1),
    y1: Math.max(region.y1, limits.y1),
    x2: Math.min(region.x2, limits.x2),
    y2: Math.min(region.y2, limits.y2),
  };
}
