import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { decodeImage, decodeImageSync } from '../../../src/data/decode-image.ts';
import { readImageHeader } from '../../../src/data/image-header.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { IMAGES, imageFile } from './images.ts';

/**
 * Lossless formats agree exactly, lossy WebP too, as its arithmetic is standardised. JPEG leaves the rounding of the inverse
 * transform and the interpolation of subsampled chroma to the decoder.
 */
const tolerance = (name: string): number => (name.endsWith('.jpg') ? 4 : 0);

describe('decodeImage', () => {
  it.each(IMAGES)('sees what Pillow sees in $name', async ({ name, file, width, height, pixels }) => {
    const image = await decodeImage(file, name);
    expect([image.width, image.height]).toEqual([width, height]);
    expect(image.data.length).toBe(pixels.length);
    expect(image.data.reduce((most, value, i) => Math.max(most, Math.abs(value - pixels[i]!)), 0)).toBeLessThanOrEqual(
      tolerance(name),
    );
    expect(decodeImageSync(file, name)).toEqual(image);
  });

  it('refuses a file that claims more pixels than are read, before decoding it', async () => {
    const png = imageFile('rgb.png');
    new DataView(png.buffer).setUint32(16, 60_000);
    new DataView(png.buffer).setUint32(20, 60_000);
    await expect(decodeImage(png, 'bomb.png')).rejects.toThrow(/^bomb\.png: 60000 × 60000 pixels; at most 100 million/);
  });

  it.each(IMAGES)('refuses $name when its end is missing', async ({ name, file }) => {
    // A BMP ends with its last row, a PNG with an end mark that a decoder may do without; half a file is never enough.
    const half = file.subarray(0, Math.floor(file.length / 2));
    await expect(decodeImage(half, name)).rejects.toThrow(InputError);
  });

  it('refuses a JPEG without its last bytes, where the decoder itself would fill in grey', async () => {
    const file = imageFile('444.jpg');
    await expect(decodeImage(file.subarray(0, file.length - 4), 'a.jpg')).rejects.toThrow(
      'a damaged or truncated jpeg',
    );
  });

  it('says what is wrong in one line', async () => {
    await expect(decodeImage(new Uint8Array(), 'a.png')).rejects.toThrow(/^a\.png: the file is empty$/);
    await expect(decodeImage(Buffer.from('GIF89a'), 'a.png')).rejects.toThrow(
      /^a\.png: not a JPEG, PNG, WebP or BMP image$/,
    );
    const broken = imageFile('rgb.png').fill(0, 45, 60);
    await expect(decodeImage(broken, 'a.png')).rejects.toThrow(
      /^a\.png: cannot be decoded \([^\n]+\); replace or remove it$/,
    );
  });
});

describe('decodeImage of a path', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lowrank-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it('takes the format from the content, whatever the name, in any alphabet', async () => {
    const path = join(folder, 'ねこ — кот.jpg');
    writeFileSync(path, imageFile('rgb.png'));
    expect((await decodeImage(path)).width).toBe(11);
  });

  it('names a file that is not there', async () => {
    const path = join(folder, 'gone.png');
    await expect(decodeImage(path)).rejects.toThrow(`${path}: no such file or folder`);
    expect(() => decodeImageSync(path)).toThrow(InputError);
  });
});

describe('readImageHeader', () => {
  it.each(IMAGES)('reads the size of $name as it is stored', ({ name, file, width, height }) => {
    const header = readImageHeader(file, name);
    const stored = header.orientation >= 5 ? [height, width] : [width, height];
    expect([header.width, header.height]).toEqual(stored);
    expect(header.orientation).toBe(Number(/turned-(\d)/.exec(name)?.[1] ?? 1));
  });
});
