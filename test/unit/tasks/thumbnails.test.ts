import { Transformer } from '@napi-rs/image';
import { describe, expect, it } from 'vitest';
import { decodeImage } from '../../../src/data/decode-image.ts';
import { classThumbnails, thumbnail, type ThumbnailOptions } from '../../../src/data/thumbnails.ts';
import type { ClassThumbnails } from '../../../src/shared/protocol/results.ts';
import { drawn } from '../data/drawn.ts';
import { temporaryFolder, writeFiles } from '../data/folders.ts';
import { imageFile, IMAGES } from '../data/images.ts';
import { picture } from '../data/pictures.ts';

const folder = temporaryFolder();

/** Two classes of ten images; of each name the first digit tells its place. */
function dataset(name: string, damaged: readonly string[] = []): string {
  const files = ['a', 'b'].flatMap((label) => Array.from({ length: 10 }, (_, i) => `${label}/${i}.png`));
  const content = (file: string): Uint8Array => (damaged.includes(file) ? Uint8Array.of(1) : picture(100));
  return writeFiles(`${folder.path}/${name}`, Object.fromEntries(files.map((file) => [file, content(file)])));
}

async function all(path: string, options: Partial<ThumbnailOptions> = {}) {
  const classes: ClassThumbnails[] = [];
  let skipped = 0;
  for await (const next of classThumbnails(path, { perClass: 4, side: 32, maxClasses: 60, ...options })) {
    classes.push(next.pictures);
    skipped += next.skipped;
  }
  return { classes, skipped };
}

describe('thumbnails', () => {
  it('are some of each class, none twice', async () => {
    const { classes } = await all(dataset('plain'));
    expect(classes.map(({ name, images }) => [name, images.length])).toEqual([
      ['a', 4],
      ['b', 4],
    ]);
    for (const { images } of classes) expect(new Set(images.map(({ file }) => file)).size).toBe(4);
    expect((await all(dataset('few'), { maxClasses: 1 })).classes).toHaveLength(1);
  });

  it('pass over what cannot be read for its neighbour', async () => {
    const { classes, skipped } = await all(dataset('damaged', ['a/0.png', 'a/1.png', 'a/2.png', 'a/3.png', 'a/4.png']));
    expect(classes[0]!.images.length).toBeGreaterThan(1);
    expect(skipped).toBeGreaterThan(0);
    expect(classes[1]!.images).toHaveLength(4);
  });

  it('keep the shape of the image, and the size of a small one', async () => {
    const large = await thumbnail(drawn(300, 100), 'large', 96);
    expect(large).toMatchObject({ file: 'large', width: 96, height: 32 });
    expect(await thumbnail(drawn(9, 20), 'small', 96)).toMatchObject({ width: 9, height: 20 });
    const bytes = Buffer.from(large.uri.replace('data:image/webp;base64,', ''), 'base64');
    expect(await new Transformer(bytes).metadata()).toMatchObject({ width: 96, height: 32, format: 'webp' });
  });

  it('stand upright, whichever way the camera was held', async () => {
    const turned = IMAGES.filter(({ name }) => name.startsWith('turned-'));
    expect(turned.length).toBeGreaterThan(0);
    for (const { name, width, height } of turned) {
      const image = await decodeImage(imageFile(name), name);
      expect(await thumbnail(image, name, 4096)).toMatchObject({ width, height });
    }
  });
});
