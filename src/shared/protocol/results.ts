/**
 * What each task of `tasks.ts` answers, and the parts that stream ahead of some answers. Plain data: views are given it as it is. What
 * JSON has no number for (NaN, infinite) is null.
 */
import type { AdaptableModule } from '../adaptable-module.ts';
import type { AdapterReport, ResizedLayer } from '../adapter-report.ts';
import type { DatasetReport, Finding } from '../dataset-report.ts';
import type { ExportReport, Snippet } from '../export-report.ts';
import type { Plan } from '../plan.ts';
import type { EnginesResult, PackResult } from './engines.ts';

/** Which dataset a chosen path means. Only names were read: `report.images` is null. */
export type SurveyResult =
  | { readonly kind: 'dataset'; readonly path: string; readonly report: DatasetReport }
  /** `path` is `train/`, `images/` or one class folder of the dataset `whole`, which `report` is of. */
  | { readonly kind: 'part'; readonly path: string; readonly whole: string; readonly report: DatasetReport }
  /** `message` is for the user; `lookedFor` completes "No dataset here; looked for …", one layout each. */
  | { readonly kind: 'none'; readonly path: string; readonly message: string; readonly lookedFor: readonly string[] };

export interface Thumbnail {
  readonly file: string;
  /** `data:image/…`. */
  readonly uri: string;
  /** In pixels; the longer side is what was asked for, or the image's own where that is smaller. */
  readonly width: number;
  readonly height: number;
}

export interface ClassThumbnails {
  readonly name: string;
  /** Spread evenly over the class, training images first. */
  readonly images: readonly Thumbnail[];
}

/** Classes arrive as parts too, in order, as they are drawn. */
export interface ThumbnailsResult {
  readonly classes: readonly ClassThumbnails[];
  /** Classes of the dataset beyond those that were drawn. */
  readonly more: number;
  /** Images that could not be read; others took their places. */
  readonly skipped: number;
}

/** Something in an image. */
export interface ShownBox {
  readonly label: string;
  /** x and y of the first and the last corner, 0…1 of the upright image. */
  readonly box: readonly [x1: number, y1: number, x2: number, y2: number];
  /** 0…1; of what was found. */
  readonly confidence?: number;
}

/** A picture with what is labelled in it. */
export interface Scene extends Thumbnail {
  readonly boxes: readonly ShownBox[];
}

export interface ScenesResult {
  readonly scenes: readonly Scene[];
}

/** A model that a job could name as its base, or a file that looks like one, with the reason why it cannot. */
export interface BaseCandidate {
  /** What a job writes in `base`: an absolute path, `hf:owner/name@commit`, or `sample`. */
  readonly base: string;
  readonly label: string;
  /** `sample` is a toy, drawn to try Lowrank out; a view says so. `checkpoint` is a `.pt`. */
  readonly kind: 'sample' | 'transformers' | 'onnx' | 'hub' | 'checkpoint';
  /** What it is for; null where only opening it would tell. */
  readonly task: DatasetReport['task'];
  /** `ViTForImageClassification` where a `config.json` tells it, `yolo11` where a checkpoint does. */
  readonly architecture: string | null;
  /** Of the weights, on the disk. */
  readonly bytes: number;
  /** As the model card tells it. */
  readonly licence: string | null;
  /** Null where a job can name it; else why not, for the user. */
  readonly obstacle: string | null;
}

export interface BasesResult {
  /** The sample first, then the hub's cache, then what the folders hold, by path. */
  readonly bases: readonly BaseCandidate[];
  /** The search ended before it had seen every folder. */
  readonly truncated: boolean;
}

/** A module of the base for the tree of target modules. */
export interface PlannedModule {
  readonly path: string;
  readonly kind: AdaptableModule['kind'];
  /** Of its weight, as PyTorch stores it. */
  readonly shape: readonly number[];
  readonly parameters: number;
  /** It writes the logits. */
  readonly isHead: boolean;
  /** Why it cannot carry an adapter, by the job's own options and at any rank; null where it can. */
  readonly obstacle: string | null;
}

export interface PlanResult {
  readonly plan: Plan;
  /** What the dataset is labelled for. */
  readonly task: NonNullable<DatasetReport['task']>;
  /** What images are brought to, in pixels. */
  readonly imageSize: { readonly height: number; readonly width: number };
  /** In the order in which the base runs them; for all methods. */
  readonly modules: readonly PlannedModule[];
  /** Of this machine, in bytes; `free` as of now. */
  readonly memory: { readonly total: number; readonly free: number };
}

/** What `adapter_config.json` says, beside what each layer tells of itself. */
export interface AdapterConfigSummary {
  /** Of most layers; a layer may have its own. */
  readonly rank: number | null;
  readonly alpha: number | null;
  readonly useRslora: boolean;
  readonly useDora: boolean;
  readonly dropout: number;
  /** PEFT's `init_lora_weights`. */
  readonly init: string;
  readonly bias: string;
  readonly modulesToSave: readonly string[];
  readonly taskType: string | null;
}

export interface ExportOption {
  /** What `export` takes. */
  readonly format: string;
  readonly title: string;
  /** The ending of the file, or that it is a folder. */
  readonly output: `.${string}` | 'directory';
  /** It needs images to take ranges from. */
  readonly calibrates: boolean;
}

export interface InspectResult {
  /** The adapter's own folder, and its run where it lies in one. */
  readonly folder: string;
  readonly run: string | null;
  /** `adapter_model.safetensors`, or what `full` trained. */
  readonly file: { readonly path: string; readonly bytes: number };
  readonly base: {
    /** What was looked for: the given one, that of the run, or what the adapter names; null where none of them says. */
    readonly name: string | null;
    readonly architecture: string | null;
    /** Null where it was found and fits: then the report has `fullCopy` and `relativeDelta`. Else why it does not, for the user. */
    readonly problem: string | null;
  };
  readonly report: AdapterReport;
  /** Module paths of what was trained whole. */
  readonly head: readonly string[];
  readonly classNames: readonly string[] | null;
  readonly config: AdapterConfigSummary;
  /** The dataset of its run, where that is still there: for `export` and for trying it. */
  readonly data: string | null;
  /** Why `resize` would refuse it; null where it would not. */
  readonly resizeObstacle: string | null;
  readonly formats: readonly ExportOption[];
}

export interface ResizeResult {
  readonly out: string;
  /** Over all layers together; the same as `whatIf` gave before. */
  readonly error: number;
  readonly layers: readonly ResizedLayer[];
  /** Of the weights' file. */
  readonly bytes: number;
}

export interface ExportResult extends ExportReport {
  readonly out: string;
  readonly snippets: readonly Snippet[];
}

/** A class and how likely it is, from 0 to 1. */
export interface Likelihood {
  readonly label: string;
  readonly probability: number;
}

/** One image, as base and adapter see it. */
export interface SideBySide {
  readonly file: string;
  /** Null where the file is no image: then `reason` says why. */
  readonly thumbnail: Thumbnail | null;
  readonly reason: string | null;
  /** The folder's name where it is one of the adapter's classes. */
  readonly truth: string | null;
  /** The likeliest classes first; empty for an unreadable image. */
  readonly adapter: readonly Likelihood[];
  /** Of the untouched base with its own head; null where the base does not tell its classes. */
  readonly base: readonly Likelihood[] | null;
}

/** One image, as a detector and its base see it. */
export interface ScenePair {
  readonly file: string;
  /** Null where the file is no image: then `reason` says why. */
  readonly picture: Thumbnail | null;
  readonly reason: string | null;
  /** What is labelled; null where the image is not of the adapter's dataset. */
  readonly truth: readonly ShownBox[] | null;
  /** The surest first, also of little confidence: what is shown of it the view says. */
  readonly adapter: readonly ShownBox[];
  /** Null where the base does not tell its classes. */
  readonly base: readonly ShownBox[] | null;
}

/** Sent as the first part, as soon as both models are open, and again as the result. */
export interface PredictResult {
  readonly task: NonNullable<DatasetReport['task']>;
  readonly labels: readonly string[];
  /** Null where the base tells no classes; then `baseNote` says so. */
  readonly baseLabels: readonly string[] | null;
  readonly baseNote: string | null;
  /** Files that the given paths mean, at most `MAX_PREDICTED_IMAGES`; `more` is how many were left out. */
  readonly images: number;
  readonly more: number;
  readonly unreadable: number;
  /** Of the images whose folder tells their class: how many the adapter got right; null where there is none. */
  readonly score: { readonly right: number; readonly images: number } | null;
}

export type PredictPart =
  | {
      readonly kind: 'models';
      readonly models: Pick<PredictResult, 'task' | 'labels' | 'baseLabels' | 'baseNote' | 'images' | 'more'>;
    }
  | { readonly kind: 'image'; readonly image: SideBySide }
  | { readonly kind: 'scene'; readonly image: ScenePair };

export interface SampleResult {
  readonly folder: string;
  readonly classes: readonly string[];
  readonly images: DatasetReport['counts'];
}

export interface TaskResults {
  survey: SurveyResult;
  check: DatasetReport;
  thumbnails: ThumbnailsResult;
  scenes: ScenesResult;
  bases: BasesResult;
  plan: PlanResult;
  inspect: InspectResult;
  resize: ResizeResult;
  export: ExportResult;
  predict: PredictResult;
  engines: EnginesResult;
  'install-pack': PackResult;
  'remove-pack': PackResult;
  sample: SampleResult;
}

/** `never` for a task without parts. */
export interface TaskParts {
  survey: never;
  /** A file that cannot be read, as soon as it is found. */
  check: Finding;
  thumbnails: ClassThumbnails;
  scenes: never;
  bases: never;
  plan: never;
  inspect: never;
  resize: never;
  export: never;
  predict: PredictPart;
  engines: never;
  'install-pack': never;
  'remove-pack': never;
  sample: never;
}
