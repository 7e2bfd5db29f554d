/** The view of a run, and of several laid over each other. */
import * as z from 'zod';
import type { DetectionScore } from '../run/events.ts';
import type { Health } from '../run/health.ts';
import type { Metric, MetricName } from '../run/metric.ts';
import type { RunReport } from '../run/report.ts';
import type { EvaluationColumns, RunSeries } from '../run/series.ts';
import type { RunSetup } from '../run/identity.ts';
import type { RunStatus } from '../run/status.ts';
import type { DetectionQuality } from '../run/samples.ts';
import type { ShownBox } from './results.ts';
import { fault, openFile, ready, reveal, stateOf } from './view.ts';

/** Where a run stands: small, sent with every increment. */
export interface RunHead {
  readonly status: RunStatus;
  readonly health: Health;
  readonly step: number;
  readonly totalSteps: number | null;
  /** Counts from 0. */
  readonly epoch: number;
  readonly epochs: number;
  readonly preparing: string | null;
  readonly loss: number | null;
  readonly learningRate: number | null;
  readonly imagesPerSecond: number | null;
  /** Seconds to the end. */
  readonly remaining: number | null;
  /** Of the trainer's process now; null where it cannot be told from here. */
  readonly memoryBytes: number | null;
  /** Of its card, where it has one that tells. */
  readonly deviceMemoryBytes: number | null;
  /** Of the validation images. */
  readonly metric: { readonly name: MetricName; readonly best: number | null; readonly last: number | null };
  /** Of a detector, of the last evaluation of the validation images. */
  readonly detection: DetectionScore | null;
  readonly bestStep: number | null;
  readonly checkpointStep: number | null;
  readonly skippedImages: number;
  readonly warnings: readonly string[];
  readonly failure: string | null;
  /** Who trains it. */
  readonly holder: string | null;
  /** Its process is of this machine: where it hangs it can be ended from here. */
  readonly canEnd: boolean;
}

export interface ShownSample {
  readonly file: string;
  /** What the view loads the picture by; null where it may not be loaded. */
  readonly uri: string | null;
  readonly label: string;
  /** The class folder that gives the label; null where none does. */
  readonly labelFolder: string | null;
  readonly predicted: string;
  readonly probability: number;
  readonly loss: number | null;
}

export interface ClassScore {
  readonly name: string;
  /** Of the run's metric. */
  readonly value: number | null;
  readonly images: number;
  /** Of a detector, where the class occurs. */
  readonly detection: DetectionScore | null;
}

/** A validation image of a detector's run. */
export interface ShownDetection {
  readonly file: string;
  /** What the view loads the picture by; null where it may not be loaded. */
  readonly uri: string | null;
  /** F1 at IoU 0.5; null for an image where there is nothing and nothing was found. */
  readonly score: number | null;
  readonly truth: readonly ShownBox[];
  /** The surest first. */
  readonly found: readonly ShownBox[];
}

/** What a detector finds after one of its evaluations. */
export interface RunDetections {
  /** Those whose samples are there, rising; 0 is the untouched base. */
  readonly steps: readonly number[];
  /** Which of them is shown. */
  readonly step: number;
  /** The worst first. */
  readonly images: readonly ShownDetection[];
  /** Null in runs of earlier versions. */
  readonly quality: DetectionQuality | null;
  /** Their names in the order of their numbers. */
  readonly classes: readonly string[];
}

/** What changes seldom. */
export interface RunDetails {
  readonly name: string;
  readonly folder: string;
  /** Milliseconds since 1970. */
  readonly created: number;
  readonly data: string;
  readonly base: string;
  readonly method: 'lora' | 'head' | 'full';
  readonly rank: number;
  readonly alpha: number;
  /** What it trains on, and why; null until the trainer knows. */
  readonly engine: RunSetup['engine'] | null;
  readonly trainableParameters: number | null;
  /** The worst first. */
  readonly samples: { readonly step: number; readonly shown: readonly ShownSample[] } | null;
  readonly classes: readonly ClassScore[];
  /** What happened, in words. */
  readonly events: readonly string[];
  readonly log: readonly string[];
  readonly report: RunReport | null;
  readonly hasAdapter: boolean;
  /** The numbers as a table: `results.csv` of a detector, else `metrics.csv`; null where there is none yet. */
  readonly table: string | null;
}

export interface ComparedRun {
  readonly folder: string;
  readonly name: string;
  readonly status: RunStatus;
  readonly validation: EvaluationColumns;
  readonly training: { readonly step: readonly number[]; readonly loss: readonly (number | null)[] };
  /** Of the validation images, the best. */
  readonly metric: Metric;
  readonly adapterBytes: number | null;
  readonly seconds: number | null;
}

export type RunViewState =
  | {
      readonly kind: 'run';
      readonly trusted: boolean;
      readonly head: RunHead;
      readonly details: RunDetails;
      readonly series: RunSeries;
      /** Null for a classifier, and before the first evaluation. */
      readonly detections: RunDetections | null;
    }
  /** The folder vanished, or cannot be read. */
  | { readonly kind: 'unreadable'; readonly folder: string; readonly gone: boolean; readonly reason: string }
  | {
      readonly kind: 'compare';
      readonly runs: readonly ComparedRun[];
      /** The fields of the job in which they differ, with one value a run in words. */
      readonly fields: readonly { readonly field: string; readonly values: readonly string[] }[];
    };

/** Where a button of the panel leads. */
export const RUN_PLACES = ['try', 'export', 'reveal', 'inspect', 'log', 'compare', 'job'] as const;
export type RunPlace = (typeof RUN_PLACES)[number];

export const toHostRun = z.discriminatedUnion('type', [
  ready,
  z.object({ type: z.literal('control'), command: z.enum(['pause', 'checkpoint', 'stop']) }),
  /** Goes on, whether it is paused, stopped, interrupted or waiting. */
  z.object({ type: z.literal('resume') }),
  z.object({ type: z.literal('continue') }),
  /** Ends the process of a run that hangs. */
  z.object({ type: z.literal('end') }),
  z.object({ type: z.literal('go'), to: z.enum(RUN_PLACES) }),
  z.object({ type: z.literal('open-run'), folder: z.string() }),
  /** What was found after an evaluation; null for the newest, whenever a newer one comes. */
  z.object({ type: z.literal('show-samples'), step: z.int().min(0).nullable() }),
  openFile,
  reveal,
]);
export type ToHostRun = z.infer<typeof toHostRun>;

export const toViewRun = z.discriminatedUnion('type', [
  stateOf<RunViewState>(),
  /** What was added since the last message; follows a `state`. */
  z.object({
    type: z.literal('progress'),
    head: z.custom<RunHead>((value) => typeof value === 'object'),
    added: z.custom<RunSeries>((value) => typeof value === 'object'),
  }),
  z.object({ type: z.literal('details'), details: z.custom<RunDetails>((value) => typeof value === 'object') }),
  z.object({
    type: z.literal('detections'),
    detections: z.custom<RunDetections | null>((value) => typeof value === 'object'),
  }),
  fault,
]);
export type ToViewRun = z.infer<typeof toViewRun>;
