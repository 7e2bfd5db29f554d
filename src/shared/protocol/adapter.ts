/** The adapter inspector and the host. */
import * as z from 'zod';
import type { ExportResult, InspectResult } from './results.ts';
import { fault, openFile, ready, reveal, stateOf } from './view.ts';

/** What the host is doing for the view; one thing at a time. */
export interface AdapterWork {
  /** `read` only while there is nothing to show yet. */
  readonly what: 'read' | 'resize' | 'export';
  readonly done: number;
  /** Null while it cannot be told. */
  readonly total: number | null;
}

export interface AdapterState {
  /** The adapter's folder, as a person knows it: within the workspace where it lies there. */
  readonly name: string;
  /** `broken`: `problem` says why; what was read before may still be there. */
  readonly phase: 'untrusted' | 'reading' | 'ready' | 'broken';
  readonly problem: string | null;
  /** Kept while the file is read anew. */
  readonly inspection: InspectResult | null;
  /** The base that a person located for this adapter. */
  readonly locatedBase: string | null;
  readonly work: AdapterWork | null;
  /** The last export from this view. */
  readonly exported: ExportResult | null;
  /** Why the last export or resize was refused. */
  readonly refused: { readonly what: AdapterWork['what']; readonly message: string } | null;
}

export const toHostAdapter = z.discriminatedUnion('type', [
  ready,
  openFile,
  z.object({ type: z.literal('read-again') }),
  z.object({ type: z.literal('locate-base') }),
  z.object({ type: z.literal('forget-base') }),
  /** The host asks where to. */
  z.object({ type: z.literal('resize'), rank: z.int().min(1) }),
  z.object({ type: z.literal('export'), format: z.string() }),
  z.object({ type: z.literal('cancel') }),
  z.object({ type: z.literal('try-it') }),
  reveal,
  z.object({ type: z.literal('copy'), text: z.string() }),
]);
export type ToHostAdapter = z.infer<typeof toHostAdapter>;

export const toViewAdapter = z.discriminatedUnion('type', [
  stateOf<AdapterState>(),
  fault,
  /** How far the work is: on its own, since a state with the spectra of thousands of layers is large. */
  z.object({ type: z.literal('progress'), done: z.number(), total: z.number().nullable() }),
]);
export type ToViewAdapter = z.infer<typeof toViewAdapter>;
