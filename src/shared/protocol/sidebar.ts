/** The side panel and the host. */
import * as z from 'zod';
import type { DatasetReport, Finding } from '../dataset-report.ts';
import type { JobReading } from '../job-reading.ts';
import { edit, planMessage } from './job.ts';
import { type EnginesState, engineMessage } from './engines.ts';
import type { BaseCandidate, ClassThumbnails, Scene } from './results.ts';
import { fault, openFile, ready, stateOf } from './view.ts';

/** What is known of the chosen folder; each step adds to the one before. */
export type DatasetState =
  | { readonly status: 'none' }
  | { readonly status: 'surveying'; readonly path: string }
  | {
      readonly status: 'dataset';
      readonly path: string;
      readonly report: DatasetReport;
      readonly check: CheckState;
      readonly thumbnails: readonly ClassThumbnails[];
      /** Of a dataset with boxes. */
      readonly scenes: readonly Scene[];
    }
  | { readonly status: 'part'; readonly path: string; readonly whole: string; readonly classes: number }
  | {
      readonly status: 'no-dataset';
      readonly path: string;
      readonly message: string;
      readonly lookedFor: readonly string[];
    }
  | { readonly status: 'failed'; readonly path: string; readonly message: string };

/** The deep check, which opens every image. */
export type CheckState =
  | {
      readonly status: 'running';
      readonly done: number;
      readonly total: number | null;
      readonly bad: readonly Finding[];
    }
  | { readonly status: 'done' }
  | { readonly status: 'failed'; readonly message: string };

export interface BasesState {
  readonly searching: boolean;
  /** Bases of earlier jobs, the latest first. */
  readonly recent: readonly string[];
  readonly found: readonly BaseCandidate[];
  readonly message: string | null;
}

/** The newest run on the same dataset. */
export interface SiblingRun {
  readonly folder: string;
  readonly name: string;
  readonly status: 'queued' | 'running' | 'paused';
  /** Fields of the form that differ from the job it was started with. */
  readonly differs: readonly string[];
}

export interface SidebarState {
  readonly trusted: boolean;
  /** Whether any folder is open, since runs are kept in one. */
  readonly hasFolder: boolean;
  /** Null before a dataset was chosen. */
  readonly reading: JobReading | null;
  readonly dataset: DatasetState;
  readonly bases: BasesState;
  /** Why it cannot start now; null where it can. */
  readonly blocked: string | null;
  readonly starting: boolean;
  readonly sibling: SiblingRun | null;
  readonly engines: EnginesState;
}

const SIDEBAR_ACTIONS = [
  'browse-data',
  'use-parent',
  'check-again',
  'browse-base',
  'find-bases',
  'start',
  'save-job',
  'open-job',
  'open-folder',
  'create-sample',
  'manage-trust',
  'plan-again',
  'show-log',
] as const;

export const toHostSidebar = z.discriminatedUnion('type', [
  ready,
  openFile,
  edit,
  engineMessage,
  z.object({ type: z.literal('do'), what: z.enum(SIDEBAR_ACTIONS) }),
  z.object({ type: z.literal('open-run'), folder: z.string().min(1) }),
]);
export type ToHostSidebar = z.infer<typeof toHostSidebar>;

export const toViewSidebar = z.discriminatedUnion('type', [
  stateOf<SidebarState>(),
  planMessage,
  /** The dataset alone, while its check goes on. */
  z.object({ type: z.literal('dataset'), dataset: z.custom<DatasetState>((value) => typeof value === 'object') }),
  fault,
]);
export type ToViewSidebar = z.infer<typeof toViewSidebar>;
