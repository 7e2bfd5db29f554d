/** Batches of images with one class each. */
import type { Augmentation } from '../shared/job.ts';
import { inputSize, type Preprocessing } from '../shared/preprocessing.ts';
import { isIdentity } from './augment.ts';
import type { Sample } from './dataset.ts';
import { DecodedEpochs, type EpochSource, type Members, type SourceOptions } from './decoded-epochs.ts';
import { variesResized } from './resized-images.ts';

export interface Batch extends Members {
  /** Empty where `wantsImages` said so. `[batch, height, width, 3]`; black where the weight is 0. */
  readonly images: Uint8Array;
  /** `[batch]`; 0 where the batch is padded. */
  readonly labels: Int32Array;
}

export interface BatchSourceOptions extends SourceOptions {
  readonly samples: readonly Sample[];
  readonly preprocessing: Preprocessing;
  readonly augmentation: Augmentation | null;
}

export type BatchSource = EpochSource<Batch>;

export function openBatchSource(options: BatchSourceOptions): BatchSource {
  const { samples, preprocessing, augmentation: given, batch, seed } = options;
  const { width, height } = inputSize(preprocessing);
  const augmentation = given === null || isIdentity(given) ? null : given;
  return new DecodedEpochs<Batch>({
    ...options,
    paths: samples.map(({ path }) => path),
    recipe: { preprocessing, augmentation, seed },
    sampleBytes: width * height * 3,
    views: augmentation === null ? 1 : augmentation.views,
    variesResized: augmentation !== null && variesResized(augmentation),
    assemble(members, images) {
      const labels = new Int32Array(batch);
      for (const [place, sample] of members.samples.entries()) labels[place] = samples[sample]?.label ?? 0;
      return { ...members, images, labels };
    },
  });
}
