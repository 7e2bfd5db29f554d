/** What preparing the images of a run takes: measured on some of the dataset's own, since file sizes differ by a hundred. */
import { slotsOf } from '../data/batch-ring.ts';
import { CACHE_BYTES, defaultWorkers } from '../data/decoded-epochs.ts';
import type { AnyDataset } from '../data/dataset.ts';
import { decodeImageSync } from '../data/decode-image.ts';
import { prepareSample } from '../data/prepare-sample.ts';
import { isIdentity } from '../data/augment.ts';
import { variesResized } from '../data/resized-images.ts';
import { InputError } from '../shared/errors.ts';
import type { Augmentation, Job } from '../shared/job.ts';
import { inputSize } from '../shared/preprocessing.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';

/** Images that are decoded for the measurement, and how long it may take. */
const SAMPLED = 9;
const MILLISECONDS = 300;

export interface ImagePlan {
  /** Of one thread. */
  readonly secondsPerImage: number;
  /** Epochs in which training images are decoded; null for all. */
  readonly decoding: number | null;
  /** Decoding threads of one pipeline. */
  readonly workers: number;
  /** Of an image as it lies in its file, decoded. */
  readonly decodedBytes: number;
  /** What prepared images take, by pipeline: batches decoded ahead, and the images kept for later epochs. */
  readonly bytes: { readonly training: number; readonly validation: number };
  /** Whether an image of this pipeline is decoded again when it comes again. */
  readonly again: { readonly training: boolean; readonly validation: boolean };
}

/** `kept` says of which pipelines the frozen features are kept: their images are decoded once. */
export function planImages(
  job: Job,
  { splits }: AnyDataset,
  preprocessing: Preprocessing,
  kept: { readonly training: boolean; readonly validation: boolean },
): ImagePlan {
  const { width, height } = inputSize(preprocessing);
  const imageBytes = width * height * 3;
  const augmentation = isIdentity(job.augmentation) ? null : job.augmentation;
  const pipeline = (images: number, given: number | null, isKept: boolean) => {
    // Of the resized image, which later epochs vary.
    const versions = given ?? (augmentation !== null && variesResized(augmentation) ? 1 : null);
    const isCached = versions !== null && images * versions * imageBytes <= CACHE_BYTES;
    const again = !isCached && !isKept;
    const { batch } = job.training;
    // Rings of the present epoch and of the one after it, a batch that was taken out and one that the engine works on.
    const slots = Math.min(slotsOf({ batch, imageBytes }), Math.ceil(images / batch));
    const ahead = (slots * (again || given === null ? 2 : 1) + 2) * batch * imageBytes;
    return { again, bytes: ahead + (isCached ? images * versions * imageBytes : 0) };
  };
  const views = augmentation === null ? 1 : augmentation.views;
  const training = pipeline(splits.train.length, views, kept.training);
  const validation = pipeline(splits.validation.length, 1, kept.validation);
  return {
    ...measure(
      splits.train.map(({ path }) => path),
      preprocessing,
      augmentation,
      job.training.seed,
    ),
    decoding: views ?? (training.again ? null : 1),
    workers: defaultWorkers(),
    bytes: { training: training.bytes, validation: validation.bytes },
    again: { training: training.again, validation: validation.again },
  };
}

function measure(
  paths: readonly string[],
  preprocessing: Preprocessing,
  augmentation: Augmentation | null,
  seed: number,
): Pick<ImagePlan, 'secondsPerImage' | 'decodedBytes'> {
  const end = performance.now() + MILLISECONDS;
  const times: number[] = [];
  let decodedBytes = 0;
  for (let index = 0; index < SAMPLED && (index === 0 || performance.now() < end); index++) {
    const path = paths[Math.floor((index * paths.length) / SAMPLED)]!;
    try {
      const started = performance.now();
      prepareSample(() => path, index, 0, { preprocessing, augmentation, seed });
      times.push(performance.now() - started);
      if (decodedBytes === 0) decodedBytes = decodeImageSync(path).data.byteLength;
    } catch (error) {
      // Training will skip it, or say what is wrong with it.
      if (!(error instanceof InputError)) throw error;
    }
  }
  // The first one warms up the code; it counts where it is the only one.
  const counted = times.length > 1 ? times.slice(1) : times;
  const milliseconds = counted.reduce((sum, time) => sum + time, 0) / Math.max(counted.length, 1);
  return { secondsPerImage: milliseconds / 1000, decodedBytes };
}
