/** What is told of an export: how large it is, and how far it is from base and adapter. */
import type { Preprocessing } from './preprocessing.ts';
import type { DetectionScore } from './run/events.ts';

export interface ExportReport {
  readonly format: string;
  /** What was written; the first is what was asked for. */
  readonly files: readonly string[];
  readonly bytes: number;
  /** Base and adapter as they lie on the disk, in the base's own precision or float32. */
  readonly referenceBytes: number;
  readonly images: number;
  /** Whether the images are from a dataset; noise else. */
  readonly realImages: boolean;
  /** Of logits; a detector's is of the scores, 0…1, of every anchor and class. */
  readonly difference: {
    readonly largest: number;
    /** Root of the mean square. */
    readonly typical: number;
    /** The largest of the reference, to tell a large difference by. */
    readonly largestLogit: number;
  };
  /** Share of the images with the same top class; of a detector, with the same class at the same place as its surest. */
  readonly agreement: number;
  /** Images whose top class changed although the reference was not undecided. */
  readonly changed: number;
  /** Milliseconds for one image at a time on this machine, the median of several runs. */
  readonly latency: { readonly exported: number; readonly reference: number };
  /** Of a detector; null for a classifier. */
  readonly detection: DetectorFigures | null;
  /** Class names in the order of the logits; null where neither adapter nor base tells them. */
  readonly labels: readonly string[] | null;
  /** How an image becomes the model's input. */
  readonly preprocessing: Preprocessing;
  /** What a person should know, one line each. */
  readonly notes: readonly string[];
}

/** How near an exported detector is to base and adapter, by what it finds. */
export interface DetectorFigures {
  /** Largest difference of a box's centre or size where the reference finds something, in parts of the picture's side. */
  readonly boxes: number;
  /** On the validation images; null where there are none, or their classes are not the model's. */
  readonly validation: {
    readonly images: number;
    readonly exported: DetectionScore;
    readonly reference: DetectionScore;
  } | null;
}

/** A few lines that run what was written, in a language of the user's. */
export interface Snippet {
  readonly language: 'python' | 'javascript';
  /** A file name for it. */
  readonly file: string;
  /** What installs the packages that it needs. */
  readonly install: string;
  readonly code: string;
}
