/** The job editor and the host; and what it has in common with the side panel: edits of a job, and its plan. */
import * as z from 'zod';
import type { JobEdit } from '../draft.ts';
import type { JobReading } from '../job-reading.ts';
import { type EnginesState, engineMessage } from './engines.ts';
import type { PlanResult } from './results.ts';
import { fault, openFile, ready, stateOf } from './view.ts';

/** More than any form edits at once. */
const MAX_EDITS = 64;
const MAX_DEPTH = 8;

/** One step of undo: these fields take these values; without a value a field goes back to its default. */
export const edit = z.object({
  type: z.literal('edit'),
  edits: z
    .array(z.object({ path: z.array(z.string().min(1)).min(1).max(MAX_DEPTH), value: z.json().optional() }))
    .min(1)
    .max(MAX_EDITS),
});

export function editMessage(edits: readonly JobEdit[]): z.infer<typeof edit> {
  return edit.parse({ type: 'edit', edits });
}

export interface PlanState {
  /** `none`: dataset or base are not named yet. */
  readonly status: 'none' | 'planning' | 'ready' | 'failed';
  /** The last one that succeeded for this dataset and base; kept while the next is made. */
  readonly result: PlanResult | null;
  /** Why it failed, for the user. */
  readonly message: string | null;
}

export const NO_PLAN: PlanState = { status: 'none', result: null, message: null };

/** Apart from the state, since it is large and stays while fields that it does not depend on are edited. */
export const planMessage = z.object({
  type: z.literal('plan'),
  plan: z.custom<PlanState>((value) => typeof value === 'object'),
});

export interface JobState {
  readonly trusted: boolean;
  /** A draft has its own undo, a document that of the editor. */
  readonly source: 'draft' | 'document';
  readonly title: string;
  readonly reading: JobReading;
  /** The text is no JSON: shown, and left alone until it is again. */
  readonly broken: { readonly message: string; readonly line: number } | null;
  readonly canUndo: boolean;
  readonly canRedo: boolean;
  /** Why it cannot start now; null where it can. */
  readonly blocked: string | null;
  readonly engines: EnginesState;
}

const JOB_ACTIONS = ['start', 'save-job', 'undo', 'redo', 'browse-data', 'browse-base', 'open-text'] as const;

export const toHostJob = z.discriminatedUnion('type', [
  ready,
  openFile,
  edit,
  engineMessage,
  z.object({ type: z.literal('do'), what: z.enum(JOB_ACTIONS) }),
]);
export type ToHostJob = z.infer<typeof toHostJob>;

export const toViewJob = z.discriminatedUnion('type', [stateOf<JobState>(), planMessage, fault]);
export type ToViewJob = z.infer<typeof toViewJob>;
