/** A few small pictures of each class, for a person to see what a dataset holds. */
import { SPLITS } from '../shared/dataset-report.ts';
import { InputError } from '../shared/errors.ts';
import { trainingSchema } from '../shared/job.ts';
import type { ClassThumbnails, Thumbnail } from '../shared/protocol/results.ts';
import type { AnyDataset } from './dataset.ts';
import { decodeImage, type RgbImage } from './decode-image.ts';
import { encodeImage } from './encode-image.ts';
import { readDataset } from './open-dataset.ts';
import type { Size } from './rectangle.ts';
import { resample } from './resample.ts';

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
  const views = viewsOf(dataset);
  for (const [label, name] of dataset.classes.slice(0, maxClasses).entries()) {
    const own = views[label]!;
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

/** What of an image is drawn: all, or the object in a box, 0…1. */
interface View {
  readonly file: string;
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
}

/** Of each class. */
function viewsOf(dataset: AnyDataset): View[][] {
  const views: View[][] = dataset.classes.map(() => []);
  for (const split of SPLITS) {
    for (const sample of dataset.splits[split]) {
      if ('label' in sample) {
        views[sample.label]!.push({ file: sample.path, box: [0, 0, 1, 1] });
        continue;
      }
      for (const [index, label] of sample.boxes.labels.entries()) {
        const [x1, y1, x2, y2] = sample.boxes.corners.subarray(4 * index, 4 * index + 4);
        views[label]!.push({ file: sample.path, box: [x1!, y1!, x2!, y2!] });
      }
    }
  }
  return views;
}

async function firstPicture(
  views: readonly View[],
  side: number,
): Promise<{ picture: Thumbnail | undefined; skipped: number }> {
  let skipped = 0;
  for (const { file, box } of views) {
    try {
      return { picture: await thumbnail(cut(await decodeImage(file), box), file, side), skipped };
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

function cut(image: RgbImage, [x1, y1, x2, y2]: View['box']): RgbImage {
  const x = Math.min(Math.floor(x1 * image.width), image.width - 1);
  const y = Math.min(Math.floor(y1 * image.height), image.height - 1);
  const width = Math.max(Math.ceil(x2 * image.width) - x, 1);
  const height = Math.max(Math.ceil(y2 * image.height) - y, 1);
  if (width === image.width && height === image.height) return image;
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = ((y + row) * image.width + x) * 3;
    data.set(image.data.subarray(from, from + width * 3), row * width * 3);
  }
  return { width, height, data };
}

function shrunk(image: RgbImage, size: Size): Uint8Array {
  const whole = { x: 0, y: 0, width: image.width, height: image.height };
  return resample(image, whole, size, { x: 0, y: 0, ...size }, 'bilinear');
}
