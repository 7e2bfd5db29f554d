import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { DetectionSample } from '../../../../src/data/dataset.ts';
import type { RgbImage } from '../../../../src/data/decode-image.ts';
import { type BoxRow, mosaic, type Pictured, single } from '../../../../src/data/detection/arrange.ts';
import { varyColours } from '../../../../src/data/detection/colour.ts';
import { compose, GROUND } from '../../../../src/data/detection/compose.ts';
import {
  type DetectionBatch,
  type DetectionBatchOptions,
  openDetectionBatches,
} from '../../../../src/data/detection/detection-batches.ts';
import { flipped } from '../../../../src/data/detection/flip.ts';
import { letterbox, letterboxOf } from '../../../../src/data/detection/letterbox.ts';
import { DEFAULT_DETECTION_AUGMENTATION } from '../../../../src/data/detection/prepare-detection.ts';
import { BOX_COLUMNS } from '../../../../src/data/detection/shared-boxes.ts';
import { encodeImage } from '../../../../src/data/encode-image.ts';
import { Random } from '../../../../src/shared/random.ts';
import { temporaryFolder } from '../folders.ts';

const SIDE = 96;

/** An image that is black but for its box, which shows `level` in red. */
function boxed(width: number, height: number, box: readonly [number, number, number, number], level = 255): Pictured {
  const data = new Uint8Array(width * height * 3);
  const [x1, y1, x2, y2] = box;
  for (let y = y1; y < y2; y++) for (let x = x1; x < x2; x++) data[(y * width + x) * 3] = level;
  const corners = Float32Array.of(x1 / width, y1 / height, x2 / width, y2 / height);
  return { image: { width, height, data }, boxes: { labels: Int32Array.of(0), corners } };
}

/** The smallest rectangle of pixels whose red is above half, where green is none: boxes, not ground. */
function redIn(pixels: Uint8Array, side: number): [number, number, number, number] | undefined {
  let [x1, y1, x2, y2] = [side, side, 0, 0];
  for (let y = 0; y < side; y++) {
    for (let x = 0; x < side; x++) {
      const at = (y * side + x) * 3;
      if (pixels[at]! < 128 || pixels[at + 1]! > 60) continue;
      [x1, y1, x2, y2] = [Math.min(x1, x), Math.min(y1, y), Math.max(x2, x + 1), Math.max(y2, y + 1)];
    }
  }
  return x2 === 0 ? undefined : [x1, y1, x2, y2];
}

/** The edge of a box falls between two pixels, and is blurred where the image is enlarged. */
function expectAround(actual: readonly number[] | undefined, [, ...corners]: BoxRow): void {
  expect(actual).toBeDefined();
  for (const [i, corner] of corners.entries()) expect(Math.abs(actual![i]! - corner)).toBeLessThan(2);
}

describe('letterbox', () => {
  it('keeps the proportions and centres, an odd pixel of grey below', () => {
    expect(letterboxOf({ width: 200, height: 101 }, 100)).toEqual({ scaleX: 0.5, scaleY: 51 / 101, left: 0, top: 24 });
    const pixels = letterbox(boxed(200, 101, [0, 0, 200, 101]).image, 100);
    const grey = (y: number): boolean => pixels[y * 300] === GROUND && pixels[y * 300 + 2] === GROUND;
    expect([grey(23), grey(24), grey(74), grey(75)]).toEqual([true, false, false, true]);
  });

  it('leaves an image of its size as it is', () => {
    const { image } = boxed(64, 64, [3, 4, 50, 60]);
    expect(letterbox(image, 64)).toEqual(image.data);
  });

  it('gives a line of an extreme image a pixel at least', () => {
    expect(letterbox({ width: 1000, height: 1, data: new Uint8Array(3000).fill(9) }, 32)).toHaveLength(32 * 32 * 3);
  });
});

describe('boxes follow their pixels', () => {
  const movement = { scale: 0.5, translate: 0.1 };
  const seeds = Array.from({ length: 60 }, (_, i) => i);
  const pictured = boxed(120, 80, [30, 20, 90, 65]);
  const empty: Pictured = {
    ...boxed(60, 90, [0, 0, 0, 0]),
    boxes: { labels: new Int32Array(0), corners: new Float32Array(0) },
  };

  it('when one image is scaled and moved', () => {
    for (const seed of seeds) {
      const { tiles, boxes } = single(pictured, SIDE, movement, new Random(seed));
      expect(boxes).toHaveLength(1);
      expectAround(redIn(compose(tiles, { width: SIDE, height: SIDE }), SIDE), boxes[0]!);
    }
  });

  it('in each place of a mosaic, as far as they are seen', () => {
    let seen = 0;
    for (const seed of seeds) {
      const four = [0, 1, 2, 3].map((place) => (place === seed % 4 ? pictured : empty));
      const { tiles, boxes } = mosaic(four, SIDE, movement, new Random(seed));
      if (boxes.length === 0) continue;
      seen++;
      expectAround(redIn(compose(tiles, { width: SIDE, height: SIDE }), SIDE), boxes[0]!);
    }
    // The others lie outside, or so nearly that nothing worth learning is left.
    expect(seen).toBeGreaterThan(seeds.length / 3);
    expect(seen).toBeLessThan(seeds.length);
  });

  it('when the picture is mirrored', () => {
    const { tiles, boxes } = single(pictured, SIDE, movement, new Random(3));
    for (const [flip, flipVertically] of [
      [1, 0],
      [0, 1],
      [1, 1],
    ] as const) {
      const pixels = compose(tiles, { width: SIDE, height: SIDE });
      const rows = flipped(pixels, boxes, SIDE, { flip, flipVertically }, new Random(0));
      expect(rows).not.toEqual(boxes);
      expectAround(redIn(pixels, SIDE), rows[0]!);
    }
  });

  it('and are left out where hardly anything of them is seen', () => {
    const corner = boxed(100, 100, [0, 0, 4, 100]);
    const rows = seeds.flatMap((seed) => single(corner, SIDE, movement, new Random(seed)).boxes);
    for (const [, x1, y1, x2, y2] of rows) {
      expect(Math.min(x1, y1)).toBeGreaterThanOrEqual(0);
      expect(Math.max(x2, y2)).toBeLessThanOrEqual(SIDE);
      expect(Math.min(x2 - x1, y2 - y1)).toBeGreaterThan(2);
    }
    expect(rows.length).toBeGreaterThan(0);
    expect(rows.length).toBeLessThan(seeds.length);
  });
});

describe('varyColours', () => {
  const pixels = Uint8Array.of(200, 30, 90, 0, 0, 0, 255, 255, 255, 12, 200, 13, 77, 77, 77, 20, 40, 250);

  it('changes nothing without a range', () => {
    const varied = pixels.slice();
    varyColours(varied, { hue: 0, saturation: 0, value: 0 }, new Random(1));
    expect(varied).toEqual(pixels);
  });

  it('leaves grey grey, and turns the others', () => {
    const varied = pixels.slice();
    varyColours(varied, { hue: 0.5, saturation: 0.7, value: 0.4 }, new Random(1));
    for (const grey of [3, 6, 12]) expect(new Set(varied.subarray(grey, grey + 3)).size).toBe(1);
    expect(varied.subarray(0, 3)).not.toEqual(pixels.subarray(0, 3));
  });

  it('turns red to green at a third of a turn', () => {
    const red = Uint8Array.of(200, 0, 0);
    // The generator's first number decides the turn: the one nearest to +1/3 of many seeds.
    const seed = Array.from({ length: 2000 }, (_, i) => i).sort(
      (a, b) => Math.abs(new Random(a).uniform(-0.5, 0.5) - 1 / 3) - Math.abs(new Random(b).uniform(-0.5, 0.5) - 1 / 3),
    )[0]!;
    varyColours(red, { hue: 0.5, saturation: 0, value: 0 }, new Random(seed));
    expect(red[1]).toBe(200);
    expect(Math.max(red[0]!, red[2]!)).toBeLessThan(3);
  });
});

describe('openDetectionBatches', () => {
  const folder = temporaryFolder();
  const samples: DetectionSample[] = [];
  beforeAll(async () => {
    for (let i = 0; i < 7; i++) {
      const path = join(folder.path, `${i}.png`);
      const { image, boxes } = boxed(60 + 20 * i, 90, [10, 10, 50, 80], 255 - i);
      writeFileSync(path, i === 5 ? Uint8Array.of(1, 2, 3) : await encodeImage(image satisfies RgbImage, 'png'));
      samples.push({ path, boxes: i === 2 ? { labels: new Int32Array(0), corners: new Float32Array(0) } : boxes });
    }
  });
  const given = (more: Partial<DetectionBatchOptions> = {}): DetectionBatchOptions => ({
    samples,
    side: 64,
    augmentation: DEFAULT_DETECTION_AUGMENTATION,
    epochs: 12,
    batch: 3,
    seed: 4,
    shuffle: true,
    workers: 0,
    ...more,
  });
  async function read(options: DetectionBatchOptions, epoch: number, from = 0): Promise<DetectionBatch[]> {
    const source = openDetectionBatches(options);
    const batches: DetectionBatch[] = [];
    for await (const batch of source.batches(epoch, from)) batches.push(batch);
    await source.close();
    return batches;
  }

  it('gives whole images with their boxes in pixels, without augmentation', async () => {
    const [first, second, third] = await read(given({ augmentation: null, shuffle: false }), 0);
    expect(first!.images).toHaveLength(3 * 64 * 64 * 3);
    expect([...first!.counts, ...second!.counts, ...third!.counts]).toEqual([1, 1, 0, 1, 1, 0, 1, 0, 0]);
    // What cannot be read and what is padding.
    expect([...second!.weights, ...third!.weights]).toEqual([1, 1, 0, 1, 0, 0]);
    expect([...third!.samples]).toEqual([6, -1, -1]);
    for (const [place, pixels] of [0, 1].map((i) => [i, first!.images.subarray(i * 12288, (i + 1) * 12288)] as const))
      expectAround(redIn(pixels, 64), [
        ...first!.rows.subarray(place * BOX_COLUMNS, (place + 1) * BOX_COLUMNS),
      ] as never);
  });

  it('is a function of seed, epoch and place alone', async () => {
    const whole = await read(given(), 1);
    expect(await read(given(), 1)).toEqual(whole);
    expect(await read(given(), 1, 1)).toEqual(whole.slice(1));
    expect((await read(given(), 2))[0]!.images).not.toEqual(whole[0]!.images);
    expect((await read(given({ seed: 5 }), 1))[0]!.images).not.toEqual(whole[0]!.images);
  });

  it('makes mosaics until the last epochs', async () => {
    const boxes = async (epoch: number): Promise<number> =>
      Math.max(...(await read(given(), epoch)).flatMap(({ counts }) => [...counts]));
    // A single image has one box at most.
    expect(Math.max(await boxes(0), await boxes(1))).toBeGreaterThan(1);
    expect(Math.max(await boxes(2), await boxes(11))).toBe(1);
  });
});
