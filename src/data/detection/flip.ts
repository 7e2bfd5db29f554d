/** Mirrors a picture, in place, and its boxes. */
import type { Random } from '../../shared/random.ts';
import type { BoxRow } from './arrange.ts';

/** `pixels` is `[side, side, 3]`; each direction with its own probability. */
export function flipped(
  pixels: Uint8Array,
  boxes: readonly BoxRow[],
  side: number,
  { flip, flipVertically }: { flip: number; flipVertically: number },
  random: Random,
): readonly BoxRow[] {
  let rows = boxes;
  if (random.uniform() < flip) {
    for (let line = 0; line < pixels.length; line += 3 * side)
      for (let left = line, right = line + 3 * (side - 1); left < right; left += 3, right -= 3)
        swap(pixels, left, right, 3);
    rows = rows.map(([label, x1, y1, x2, y2]) => [label, side - x2, y1, side - x1, y2]);
  }
  if (random.uniform() < flipVertically) {
    const line = 3 * side;
    for (let top = 0, bottom = pixels.length - line; top < bottom; top += line, bottom -= line)
      swap(pixels, top, bottom, line);
    rows = rows.map(([label, x1, y1, x2, y2]) => [label, x1, side - y2, x2, side - y1]);
  }
  return rows;
}

function swap(pixels: Uint8Array, one: number, other: number, length: number): void {
  for (let i = 0; i < length; i++) {
    const kept = pixels[one + i]!;
    pixels[one + i] = pixels[other + i]!;
    pixels[other + i] = kept;
  }
}
