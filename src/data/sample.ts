/** Writes the sample dataset: a folder of drawn images for each class. */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { Random } from '../shared/random.ts';
import { drawnName, type DrawnOptions, writeDrawnFolder, writeDrawnImage } from './drawn-folder.ts';
import { drawImage, SAMPLE_SIDE } from './sample-image.ts';
import { SAMPLE_CLASSES } from './sample-shapes.ts';

export interface SampleOptions extends DrawnOptions {
  /** Images of each class. */
  readonly train?: number;
  readonly validation?: number;
}

/** Writes `train/<class>/*.png` and `val/<class>/*.png`, all or nothing. Throws an `InputError` where `directory` holds anything. */
export async function writeSample(directory: string, options: SampleOptions = {}): Promise<void> {
  const { seed = 0, domain = 'shifted', train = 80, validation = 25 } = options;
  await writeDrawnFolder(directory, async (temp) => {
    for (const [split, count] of [
      ['train', train],
      ['val', validation],
    ] as const) {
      for (const name of SAMPLE_CLASSES) {
        const random = new Random(seed).fork(domain).fork(split).fork(name);
        const folder = join(temp, split, name);
        await mkdir(folder, { recursive: true });
        const images = Array.from({ length: count }, (_, i) => drawImage(domain, name, random.fork(i)));
        await Promise.all(images.map((pixels, i) => writeDrawnImage(folder, drawnName(i), SAMPLE_SIDE, pixels)));
      }
    }
  });
}
