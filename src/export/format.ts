/** What an export format is, what it is given, and what is told of an export. A new format is one file and its line in formats.ts. */
import type { Engine, Program } from '../engines/engine.ts';
import type { Graph } from '../graph/ir.ts';
import type { Tensor } from '../graph/tensor.ts';
import type { Adapter } from '../lora/adapter.ts';
import type { Base } from '../models/base.ts';
import type { Preprocessing } from '../shared/preprocessing.ts';

/** uint8 [n, height, width, 3], decoded and resized as the preprocessing says, not normalised. */
export type Images = Tensor<'uint8'>;

/** At most `count` images of the dataset, taken from all over it. */
export type ImageSource = (preprocessing: Preprocessing, count: number) => Promise<Images>;

/** What an export is written from. */
export interface ExportSite {
  /** The base as published, with the preprocessing and the class names of the adapter's task in `merged`. */
  readonly base: Base;
  readonly adapter: Adapter;
  /** Base and adapter as one. */
  readonly merged: Base;
  /** sha256 of the adapter's weights as they lie on the disk. */
  readonly adapterHash: string;
  readonly engine: Engine;
  readonly threads: number | undefined;
  /** To take ranges of activations from; undefined where the caller gave no images. */
  readonly calibration: Images | undefined;
}

export interface ExportPlace {
  /** Where to write: a file with the name of `out`, or an empty folder, that is moved into place once it passed. */
  readonly staged: string;
  /** Where it will lie in the end. */
  readonly out: string;
}

export interface ExportFormat {
  /** As the command line takes it. */
  readonly name: string;
  /** What it is, for a list to choose from. */
  readonly title: string;
  /** The ending of the file, or that it is a folder. */
  readonly output: `.${string}` | 'directory';
  /** Images are not only compared with but also calibrated on, so they must be given. */
  readonly calibrates: boolean;
  readonly limits: ExportLimits;
  write(site: ExportSite, place: ExportPlace): Promise<void>;
  /** Opens what was written, to be compared: `PIXELS` → `LOGITS`. */
  open(site: ExportSite, place: ExportPlace): Promise<Program>;
  /** How it writes detectors; without it they are refused. */
  readonly detector?: DetectorForm;
}

/** A detector is written by one function (detector/export-detector.ts), whatever its types. */
export interface DetectorForm {
  /** A lowered graph of raw outputs with other types within; its inputs and outputs stay float32. `images` are those it is compared on. */
  narrow(graph: Graph, site: ExportSite, images: Images): Graph | Promise<Graph>;
  /**
   * The largest difference of a score, and of a box in parts of the picture's side where something is found; `ofRaw` times as much where
   * raw outputs are larger than 1, since rounding grows with them.
   */
  readonly limit: number;
  readonly ofRaw: boolean;
}

/** How far an export may be from base + adapter. Distances are parts of the largest logit (in magnitude) of the reference. */
export interface ExportLimits {
  /** The largest difference of a logit. */
  readonly difference: number;
  /** The top class may change only where the reference told the two apart by no more than this. */
  readonly tie: number;
  /** Share of the images that must agree in the top class, ties set aside. */
  readonly agreement: number;
}
