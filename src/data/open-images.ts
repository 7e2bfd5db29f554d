/** Opens every image of a dataset, decodes and measures it, and remembers its bytes by their hash. */
import { createHash } from 'node:crypto';
import { type Finding, type ImageFormat, type SplitName, SPLITS } from '../shared/dataset-report.ts';
import { InputError } from '../shared/errors.ts';
import type { AnyDataset } from './dataset.ts';
import { decodeImage, readImageFile } from './decode-image.ts';
import { faultOf } from './faults.ts';
import { readImageHeader } from './image-header.ts';

/** A sample with what was found in its file. */
export interface OpenedSample {
  readonly path: string;
  /** Null where an image has boxes, not one class. */
  readonly label: number | null;
  readonly split: SplitName;
  readonly image: {
    readonly format: ImageFormat;
    readonly width: number;
    readonly height: number;
    readonly hash: string;
  } | null;
  /** Why there is no image; empty where there is one. */
  readonly fault: string;
}

export interface OpenImagesOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
  /** A file that is no image, as soon as it is found. */
  readonly onFault?: (finding: Finding) => void;
}

/** Node decodes on four threads unless told otherwise; more at a time would only hold memory. */
const PARALLEL = 4;

/** All samples, split by split in their order. Throws the signal's reason when it is aborted. */
export async function openImages(
  { splits }: AnyDataset,
  { signal, onProgress, onFault }: OpenImagesOptions,
): Promise<OpenedSample[]> {
  const samples = SPLITS.flatMap((split) =>
    splits[split].map((sample) => ({ path: sample.path, label: 'label' in sample ? sample.label : null, split })),
  );
  const opened = new Array<OpenedSample>(samples.length);
  let next = 0;
  let done = 0;
  const work = async (): Promise<void> => {
    while (next < samples.length) {
      signal?.throwIfAborted();
      const index = next++;
      const sample = samples[index]!;
      const { image, fault } = await openImage(sample.path);
      opened[index] = { ...sample, image, fault };
      if (image === null) onFault?.({ file: sample.path, message: fault });
      onProgress?.(++done, samples.length);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
  return opened;
}

async function openImage(path: string): Promise<Pick<OpenedSample, 'image' | 'fault'>> {
  try {
    const bytes = await readImageFile(path);
    const { format } = readImageHeader(bytes, path);
    const { width, height } = await decodeImage(bytes, path);
    const hash = createHash('sha256').update(bytes).digest('base64');
    return { image: { format, width, height, hash }, fault: '' };
  } catch (error) {
    if (error instanceof InputError) return { image: null, fault: faultOf(error, path).message };
    throw error;
  }
}
