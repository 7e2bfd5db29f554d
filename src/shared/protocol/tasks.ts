/**
 * What the extension host asks of a task process (`dist/tasks.js`): one request on its standard input, JSON lines back. Everything
 * that opens images, models or tensors happens there: the host itself stays small, and to cancel is to end the process.
 */
import * as z from 'zod';
import { jobSchema } from '../job.ts';
import type { TaskParts, TaskResults } from './results.ts';

const path = z.string().min(1);
/** An adapter, the base that a person located for it, and the workspace folders in which a base of a relative path may lie. */
const onBase = { path, base: z.string().nullable(), folders: z.array(path).readonly() };

export const taskRequestSchema = z.discriminatedUnion('task', [
  /** Which dataset a chosen path means, and what its names alone tell: structure, classes, counts. */
  z.object({ task: z.literal('survey'), path }),
  /** Opens every image of a dataset; its progress streams. */
  z.object({ task: z.literal('check'), path }),
  /** A few small pictures of each class, as data URIs. */
  z.object({ task: z.literal('thumbnails'), path, perClass: z.int().min(1).max(16), side: z.int().min(16).max(256) }),
  /** A few images with their boxes. */
  z.object({ task: z.literal('scenes'), path, count: z.int().min(1).max(32), side: z.int().min(16).max(1024) }),
  /** Models in the workspace and the caches that a job could name as its base. */
  z.object({ task: z.literal('bases'), folders: z.array(path) }),
  z.object({ task: z.literal('plan'), job: jobSchema }),
  z.object({ task: z.literal('inspect'), ...onBase }),
  z.object({ task: z.literal('resize'), path, rank: z.int().min(1), out: path }),
  z.object({
    task: z.literal('export'),
    ...onBase,
    format: z.string(),
    out: path,
    /** Real images to compare on and, for 8 bits, to calibrate with; null where there are none. */
    data: z.string().nullable(),
  }),
  /** The base and the adapter side by side on images or folders of images. */
  z.object({ task: z.literal('predict'), ...onBase, images: z.array(path), top: z.int().min(1) }),
  /** What this machine can train on, and the engine packs that are here or could be. */
  z.object({ task: z.literal('engines') }),
  /** Installs an engine pack, by its name in the index or from a file; its progress streams, in bytes. */
  z.object({ task: z.literal('install-pack'), pack: z.string().min(1) }),
  z.object({ task: z.literal('remove-pack'), pack: z.string().min(1) }),
  /** Writes the sample dataset into a new or empty folder. */
  z.object({ task: z.literal('sample'), out: path }),
]);
export type TaskRequest = z.infer<typeof taskRequestSchema>;
export type TaskName = TaskRequest['task'];
export type RequestOf<T extends TaskName> = Extract<TaskRequest, { task: T }>;
export type ResultOf<T extends TaskName> = TaskResults[T];
export type PartOf<T extends TaskName> = TaskParts[T];

/** One line of a task's standard output; `result` or `fault` is the last. */
export type TaskLine<Result, Part = unknown> =
  | { readonly type: 'progress'; readonly done: number; readonly total: number | null }
  /** A finished piece of the result, ahead of the whole: a prediction, a bad file. */
  | { readonly type: 'part'; readonly part: Part }
  | { readonly type: 'result'; readonly result: Result }
  /** The input's fault (`input`: show the message) or ours (`internal`: offer the log). */
  | {
      readonly type: 'fault';
      readonly cause: 'input' | 'internal';
      readonly message: string;
      readonly file: string | null;
      readonly field: string | null;
    };
