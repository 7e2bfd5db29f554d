import { describe, expect, it } from 'vitest';
import { noiseImages, picked, pixelsOf } from '../../../src/export/pixels.ts';
import type { Preprocessing } from '../../../src/shared/preprocessing.ts';

const PREPROCESSING: Preprocessing = {
  resize: { mode: 'exact', height: 2, width: 3 },
  crop: null,
  interpolation: 'bilinear',
  mean: [0.5, 0.4, 0.3],
  std: [0.1, 0.2, 0.3],
};

const IMAGES = {
  dtype: 'uint8',
  shape: [4, 2, 3, 3],
  data: Uint8Array.from({ length: 72 }, (_, index) => index * 3),
} as const;

describe('pixelsOf', () => {
  it('normalises and puts the channels first', () => {
    const { shape, data } = pixelsOf(IMAGES, PREPROCESSING, 1, 3);
    expect(shape).toEqual([2, 3, 2, 3]);
    for (let image = 0; image < 2; image++)
      for (let channel = 0; channel < 3; channel++)
        for (let pixel = 0; pixel < 6; pixel++) {
          const byte = IMAGES.data[((image + 1) * 6 + pixel) * 3 + channel]!;
          const expected = (byte / 255 - PREPROCESSING.mean[channel]!) / PREPROCESSING.std[channel]!;
          expect(data[(image * 3 + channel) * 6 + pixel]).toBe(Math.fround(expected));
        }
  });
});

describe('picked', () => {
  it('keeps whole images', () => {
    const { shape, data } = picked(IMAGES, (image) => image % 2 === 1);
    expect(shape).toEqual([2, 2, 3, 3]);
    expect([...data]).toEqual([...IMAGES.data.subarray(18, 36), ...IMAGES.data.subarray(54, 72)]);
  });

  it('makes two parts that have every image once', () => {
    const [some, others] = [picked(IMAGES, (image) => image % 3 === 0), picked(IMAGES, (image) => image % 3 !== 0)];
    expect([some.shape[0], others.shape[0]]).toEqual([2, 2]);
  });
});

describe('noiseImages', () => {
  it('gives different images of the right size, the same each time', () => {
    const images = noiseImages(PREPROCESSING, 3);
    expect(images.shape).toEqual([3, 2, 3, 3]);
    expect(images).toEqual(noiseImages(PREPROCESSING, 3));
    const [first, second] = [images.data.slice(0, 18), images.data.slice(18, 36)];
    expect(first).not.toEqual(second);
  });
});
