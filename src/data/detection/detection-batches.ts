/** Batches of square pictures with their boxes. */
import {
  DecodedEpochs,
  defaultWorkers,
  type EpochSource,
  type Members,
  type SourceOptions,
} from '../decoded-epochs.ts';
import type { DetectionSample } from '../dataset.ts';
import type { DetectionAugmentation, DetectionRecipe } from './prepare-detection.ts';
import { BOX_COLUMNS, pictureBytes, shareBoxes, unpackPicture } from './shared-boxes.ts';

export interface DetectionBatch extends Members {
  /** `[batch, side, side, 3]`; black where the weight is 0. */
  readonly images: Uint8Array;
  /** `[batch]`: boxes of each picture. */
  readonly counts: Int32Array;
  /** `[batch, capacity, 5]`: class and corners in pixels of the picture; zero beyond the count. */
  readonly rows: Float32Array;
}

export interface DetectionBatchOptions extends SourceOptions {
  readonly samples: readonly DetectionSample[];
  /** Of the square pictures, in pixels. */
  readonly side: number;
  /** Null for whole images with grey around them. */
  readonly augmentation: DetectionAugmentation | null;
  /** Of the run: mosaics end `closeMosaic` epochs before them. */
  readonly epochs: number;
}

/** Of all threads together, for decoded images that a mosaic may need again: some 300 of 640 pixels. */
const LOADED_BYTES = 256 * 2 ** 20;
const IMAGES_IN_MOSAIC = 4;

export function openDetectionBatches(options: DetectionBatchOptions): EpochSource<DetectionBatch> {
  const { samples, side, augmentation, epochs, batch, seed, workers = defaultWorkers() } = options;
  const boxes = samples.map((sample) => sample.boxes);
  const capacity = capacityOf(
    boxes.map(({ labels }) => labels.length),
    augmentation,
  );
  const recipe: DetectionRecipe = {
    side,
    augmentation,
    mosaicUntil: augmentation === null ? 0 : epochs - augmentation.closeMosaic,
    seed,
    boxes: shareBoxes(boxes),
    capacity,
    loadedBytes: Math.floor(LOADED_BYTES / Math.max(workers, 1)),
  };
  const sampleBytes = pictureBytes(side, capacity);
  return new DecodedEpochs<DetectionBatch>({
    ...options,
    workers,
    paths: samples.map(({ path }) => path),
    recipe,
    sampleBytes,
    views: augmentation === null ? 1 : null,
    assemble(members, payload) {
      const pixels = side * side * 3;
      const images = new Uint8Array(payload.length === 0 ? 0 : batch * pixels);
      const counts = new Int32Array(batch);
      const rows = new Float32Array(batch * capacity * BOX_COLUMNS);
      for (let place = 0; payload.length > 0 && place < batch; place++) {
        counts[place] = unpackPicture(
          payload.subarray(place * sampleBytes, (place + 1) * sampleBytes),
          images.subarray(place * pixels, (place + 1) * pixels),
          rows.subarray(place * capacity * BOX_COLUMNS, (place + 1) * capacity * BOX_COLUMNS),
        );
      }
      return { ...members, images, counts, rows };
    },
  });
}

/** The most boxes that a picture can have. */
function capacityOf(counts: readonly number[], augmentation: DetectionAugmentation | null): number {
  const most = counts.reduce((largest, count) => Math.max(largest, count), 1);
  // A partner may be drawn more than once.
  return augmentation === null || augmentation.mosaic === 0 ? most : IMAGES_IN_MOSAIC * most;
}
