/** What is told of a dataset before it is trained on: by the check, on the command line and in the editor alike. */

/** The parts of a dataset, in the order in which they are told. */
export const SPLITS = ['train', 'validation', 'test'] as const;
export type SplitName = (typeof SPLITS)[number];

/** Something a person should know about one file or folder of the dataset. */
export interface Finding {
  readonly file: string;
  /** In a text file, from 1. */
  readonly line?: number;
  /** One line, without the file: what is wrong and what to do. */
  readonly message: string;
}

export interface Findings {
  /** Each alone is a reason not to train. */
  readonly fatal: readonly Finding[];
  readonly warnings: readonly Finding[];
}

/** What there is of a class in each split: images of it, or images that show it, or boxes. */
export interface ClassCount extends Readonly<Record<SplitName, number>> {
  readonly name: string;
}

export type ImageFormat = 'jpeg' | 'png' | 'webp' | 'bmp';

export interface Range {
  readonly least: number;
  readonly most: number;
}

export interface ImageStatistics {
  readonly opened: number;
  readonly formats: Readonly<Partial<Record<ImageFormat, number>>>;
  /** In pixels, upright; null where no image could be read. */
  readonly width: Range | null;
  readonly height: Range | null;
  readonly unreadable: readonly Finding[];
  /** Files with the same bytes that lie in different splits or classes. */
  readonly duplicates: readonly (readonly string[])[];
}

/** Of a dataset of images with boxes. */
export interface BoxStatistics {
  /** Boxes of each class. */
  readonly classes: readonly ClassCount[];
  readonly counts: Readonly<Record<SplitName, number>>;
  /** Images without a box. */
  readonly backgrounds: Readonly<Record<SplitName, number>>;
  /** Boxes in an image that has any; null where none has. */
  readonly perImage: Range | null;
}

export interface DatasetReport extends Findings {
  /** Nothing fatal was found. */
  readonly ready: boolean;
  readonly root: string;
  /** Null where there is no dataset. */
  readonly kind: string | null;
  /** What it is labelled for; null where there is no dataset. */
  readonly task: 'classification' | 'detection' | null;
  /** Whether validation images came from a split of the dataset's own, or are drawn from the training images by seed. */
  readonly splitSource: 'folders' | 'seed' | null;
  /** Images; of a dataset with boxes, those that show the class. */
  readonly classes: readonly ClassCount[];
  /** Images. */
  readonly counts: Readonly<Record<SplitName, number>>;
  /** Null for a dataset without boxes. */
  readonly boxes: BoxStatistics | null;
  /** Training images of the largest class over those of the smallest. */
  readonly imbalance: number | null;
  /** Null unless the images were opened. */
  readonly images: ImageStatistics | null;
}
