/** What a task is: a function from its request to its result, with a way to tell how far it is. */
import type { PartOf, RequestOf, ResultOf, TaskName } from '../shared/protocol/tasks.ts';

export interface Site<T extends TaskName> {
  readonly progress: (done: number, total: number | null) => void;
  /** Sends a finished piece of the result ahead. */
  readonly part: (part: PartOf<T>) => void;
  /** A line for the log of the editor. */
  readonly log: (text: string) => void;
}

/** Throws an `InputError` for the input's fault. */
export type Task<T extends TaskName> = (request: RequestOf<T>, site: Site<T>) => Promise<ResultOf<T>>;
