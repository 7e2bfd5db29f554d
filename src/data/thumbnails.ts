/** A few small pictures of each class, for a person to see what a dataset holds. */
import { SPLITS } from '../shared/dataset-report.ts';
import { InputError } from '../shared/errors.ts';
import { trainingSchema } from '../shared/job.ts';
import type { ClassThumbnails, Thumbnail } from '../shared/protocol/results.ts';
import { decodeImage, type RgbImage } from './decode-image.ts';
import { encodeImage } from './encode-image.ts';
import { readDataset } from './open-dataset.ts';
import { resample, type Size } from './resample.ts';

export interface ThumbnailOptions {
  /** Pictures of a class. */
  readonly perClass: number;
  /** The longer side, in pixels. */
  readonly side: number;
  /** Classes beyond these are not drawn. */
  readonly maxClasses: number;
}

/** Files that are tried for each picture; of a class that is damaged throughout, the rest need not be opened. */
const ATTEMPTS = 4;

/**
 * Class by class, its images evenly apart, training images first. What cannot be read is passed over for its neighbour. Throws an
 * `InputError` where there is no dataset.
 */
export async function* classThumbnails(
  path: string,
  { perClass, side, maxClasses }: ThumbnailOptions,
): AsyncGenerator<{ pictures: ClassThumbnails; skipped: number; classes: number }, void, undefined> {
  const { validationShare, seed } = trainingSchema.parse({});
  const { dataset } = await readDataset(path, { validationShare, seed });
  const files: string[][] = dataset.classes.map(() => []);
  for (const split of SPLITS) for (const sample of dataset.splits[split]) files[sample.label]!.push(sample.path);
  for (const [label, name] of dataset.classes.slice(0, maxClasses).entries()) {
    const own = files[label]!;
    const count = Math.min(perClass, own.length);
    const drawn = await Promise.all(
      Array.from({ length: count }, (_, i) => {
        const [from, to] = [i, i + 1].map((part) => Math.floor((part * own.length) / count)) as [number, number];
        return firstPicture(own.slice(from, Math.min(to, from + ATTEMPTS)), side);
      }),
    );
    yield {
      pictures: { name, images: drawn.flatMap(({ picture }) => picture ?? []) },
      skipped: drawn.reduce((sum, { skipped }) => sum + skipped, 0),
      classes: dataset.classes.length,
    };
  }
}

async function firstPicture(
  files: readonly string[],
  side: number,
): Promise<{ picture: Thumbnail | undefined; skipped: number }> {
  let skipped = 0;
  for (const file of files) {
    try {
      return { picture: await thumbnail(await decodeImage(file), file, side), skipped };
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      skipped += 1;
    }
  }
  return { picture: undefined, skipped };
}

/** `image` is upright already; a small one keeps its size. */
export async function thumbnail(image: RgbImage, file: string, side: number): Promise<Thumbnail> {
  const scale = Math.min(1, side / Math.max(image.width, image.height));
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  const data = scale === 1 ? image.data : shrunk(image, { width, height });
  const bytes = await encodeImage({ width, height, data }, 'webp');
  return { file, uri: `data:image/webp;base64,${Buffer.from(bytes).toString('base64')}`, width, height };
}

function shrunk(image: RgbImage, size: Size): Uint8Array {
  const whole = { x: 0, y: 0, width: image.width, height: image.height };
  return resample(image, whole, size, { x: 0, y: 0, ...size }, 'bilinear');
}
