/** What a dataset is, whatever folder or file it was read from. */
import type { Finding, SplitName } from '../shared/dataset-report.ts';

export type Splits<T> = Readonly<Record<SplitName, readonly T[]>>;

/** One image and its class: an index into the dataset's `classes`. */
export interface Sample {
  /** Absolute. */
  readonly path: string;
  readonly label: number;
}

/** Images with one class each. A detection dataset will be a second `task`, with boxes in place of `label`. */
export interface Dataset {
  readonly task: 'classification';
  /** The name of the `DatasetKind` that read it. */
  readonly kind: string;
  /** The dataset's folder, absolute. */
  readonly root: string;
  readonly classes: readonly string[];
  /** Each in an order that is the same on every file system. */
  readonly splits: Splits<Sample>;
  /** Whether validation images came from a split of the dataset's own, or were drawn from the training images by seed. */
  readonly splitSource: 'folders' | 'seed';
  /** What was left out while it was read, and why. */
  readonly leftOut: readonly Finding[];
}

export interface OpenOptions {
  /** Share of each class held out where the dataset has no validation split of its own. */
  readonly validationShare: number;
  readonly seed: number;
}

/**
 * A way of storing a dataset on the disk. A new kind is one file that exports one of these, and its line in `kinds.ts`.
 * It only finds the samples: `open-dataset.ts` judges what every dataset must have (two classes, images in each, …).
 */
export interface DatasetKind {
  readonly name: string;
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
  read(path: string, options: OpenOptions): Promise<{ readonly dataset: Dataset; readonly fatal: readonly Finding[] }>;
}

/** More is no image folder but a database; what is listed is also held in memory. */
export const MAX_SAMPLES = 4_000_000;
/** ImageNet-21k has 21 841. */
export const MAX_CLASSES = 32_768;
