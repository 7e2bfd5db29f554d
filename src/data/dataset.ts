/** What a dataset is, whatever folder or file it was read from. */
import type { Finding, SplitName } from '../shared/dataset-report.ts';

export type Splits<T> = Readonly<Record<SplitName, readonly T[]>>;

/** One image and its class: an index into the dataset's `classes`. */
export interface Sample {
  /** Absolute. */
  readonly path: string;
  readonly label: number;
}

/** The true boxes of an image. */
export interface Boxes {
  /** `[count]`: indices into the dataset's `classes`. */
  readonly labels: Int32Array;
  /** `[count, 4]`: x and y of the first and of the last corner, 0…1 of the upright image. */
  readonly corners: Float32Array;
}

/** One image and what is in it; nothing, for a background. */
export interface DetectionSample {
  /** Absolute. */
  readonly path: string;
  readonly boxes: Boxes;
}

interface DatasetOf<Task extends string, S> {
  readonly task: Task;
  /** The name of the `DatasetKind` that read it. */
  readonly kind: string;
  /** The dataset's folder, absolute. */
  readonly root: string;
  readonly classes: readonly string[];
  /** Each in an order that is the same on every file system. */
  readonly splits: Splits<S>;
  /** Whether validation images came from a split of the dataset's own, or were drawn from the training images by seed. */
  readonly splitSource: 'folders' | 'seed';
  /** What was left out while it was read, and why. */
  readonly leftOut: readonly Finding[];
}

/** Images with one class each. */
export type Dataset = DatasetOf<'classification', Sample>;
/** Images with boxes. */
export type DetectionDataset = DatasetOf<'detection', DetectionSample>;
export type AnyDataset = Dataset | DetectionDataset;

export interface OpenOptions {
  /** Share of each class held out where the dataset has no validation split of its own. */
  readonly validationShare: number;
  readonly seed: number;
}

export interface ReadDataset {
  readonly dataset: AnyDataset;
  readonly fatal: readonly Finding[];
}

/**
 * A way of storing a dataset on the disk. A new kind is one file that exports one of these, and its line in `kinds.ts`.
 * It only finds the samples: `open-dataset.ts` judges what every dataset must have (classes, images in each, …).
 */
export interface DatasetKind {
  readonly name: string;
  readonly task: AnyDataset['task'];
  /** Completes the sentence "No dataset here; looked for …". */
  readonly looksFor: string;
  /** Whether `path`, a file or a folder, is of this kind: a cheap look, also at what `read` will find faults in. */
  recognise(path: string): Promise<boolean>;
  /** The dataset that `path` is only a part of, for a person who chose `train/`, a class folder or `images/`. */
  partOf?(path: string): Promise<string | undefined>;
  /**
   * Lists the samples without opening an image, with the faults of the layout that forbid training. Throws an `InputError`
   * only where nothing can be read at all.
   */
  read(path: string, options: OpenOptions): Promise<ReadDataset>;
}

/** More is no image folder but a database; what is listed is also held in memory. */
export const MAX_SAMPLES = 4_000_000;
/** ImageNet-21k has 21 841. */
export const MAX_CLASSES = 32_768;
