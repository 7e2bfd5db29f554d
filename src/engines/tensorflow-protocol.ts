/** What the thread that runs TensorFlow is asked, and what it answers (tensorflow-worker.ts). */
import type { Fed, Output } from './tensorflow-ports.ts';

export interface WorkerData {
  /** Path of the binding's file. */
  readonly binding: string;
}

export type Request =
  /** Whether TensorFlow found a GPU, and its version. */
  | { readonly kind: 'open' }
  | { readonly kind: 'load'; readonly folder: string }
  | {
      readonly kind: 'run';
      readonly model: number;
      readonly feeds: readonly Fed[];
      readonly outputs: readonly string[];
    }
  | { readonly kind: 'release'; readonly model: number };

/** What each request is answered with. */
export interface Answers {
  readonly open: { readonly gpu: boolean; readonly version: string };
  /** The model's number. */
  readonly load: number;
  readonly run: readonly Output[];
  readonly release: undefined;
}

/** Answers come in the order of the requests. */
export type Reply = { readonly value: Answers[keyof Answers] } | { readonly error: string };
