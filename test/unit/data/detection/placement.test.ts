/** Where pixels and boxes go, to the pixel. */
import { expect, it } from 'vitest';
import { flipped } from '../../../../src/data/detection/flip.ts';
import { letterboxOf } from '../../../../src/data/detection/letterbox.ts';
import { Random } from '../../../../src/shared/random.ts';

it('a mirrored box ends where the pixels that it is around do', () => {
  const side = 4;
  const pixels = new Uint8Array(3 * side * side);
  // The two pixels at the left of the first row.
  pixels.fill(255, 0, 6);
  const boxes = flipped(pixels, [[0, 0, 0, 2, 1]], side, { flip: 1, flipVertically: 1 }, new Random(0));
  const seen = Array.from({ length: side * side }, (_, place) => pixels[3 * place]!);
  expect(seen).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 255, 255]);
  expect(boxes).toEqual([[0, 2, 3, 4, 4]]);
});

it('an odd pixel of the grey around an image goes to the right and below', () => {
  expect(letterboxOf({ width: 3, height: 8 }, 8)).toEqual({ scaleX: 1, scaleY: 1, left: 2, top: 0 });
  expect(letterboxOf({ width: 8, height: 3 }, 8)).toEqual({ scaleX: 1, scaleY: 1, left: 0, top: 2 });
});
