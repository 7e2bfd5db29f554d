/** Writes the sample dataset: drawn by code, so that a first run needs no download. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeDirectoryAtomic } from '../formats/atomic-write.ts';
import { namesIn } from '../formats/folder-names.ts';
import { InputError } from '../shared/errors.ts';
import { Random } from '../shared/random.ts';
import { encodeImage } from './encode-image.ts';
import { drawImage, SAMPLE_SIDE, type SampleDomain } from './sample-image.ts';
import { SAMPLE_CLASSES } from './sample-shapes.ts';

export interface SampleOptions {
  readonly seed?: number;
  readonly domain?: SampleDomain;
  /** Images of each class. */
  readonly train?: number;
  readonly validation?: number;
}

/** Writes `train/<class>/*.png` and `val/<class>/*.png`, all or nothing. Throws an `InputError` where `directory` holds anything. */
export async function writeSample(directory: string, options: SampleOptions = {}): Promise<void> {
  const { seed = 0, domain = 'shifted', train = 80, validation = 25 } = options;
  if (namesIn(directory).length > 0) {
    throw new InputError('the folder is not empty; choose a new one', { file: directory });
  }
  await writeDirectoryAtomic(directory, async (temp) => {
    for (const [split, count] of [
      ['train', train],
      ['val', validation],
    ] as const) {
      for (const name of SAMPLE_CLASSES) {
        const random = new Random(seed).fork(domain).fork(split).fork(name);
        const folder = join(temp, split, name);
        await mkdir(folder, { recursive: true });
        const images = Array.from({ length: count }, (_, i) => ({
          width: SAMPLE_SIDE,
          height: SAMPLE_SIDE,
          data: drawImage(domain, name, random.fork(i)),
        }));
        await Promise.all(
          images.map(async (image, i) => {
            await writeFile(join(folder, `${String(i).padStart(3, '0')}.png`), await encodeImage(image, 'png'));
          }),
        );
      }
    }
  });
}
