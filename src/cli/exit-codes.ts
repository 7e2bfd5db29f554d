/** How `lowrank` ends; scripts rely on these numbers. */
export const EXIT = {
  done: 0,
  /** The input's fault: a file, a field, a dataset that is not ready, a run that diverged. */
  input: 1,
  /** Unknown command or option, missing argument. */
  usage: 2,
  /** Interrupted with the state saved: `lowrank resume` goes on. */
  interrupted: 3,
  /** Our own fault; `EX_SOFTWARE` of sysexits.h, as the trainer's. */
  internal: 70,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** A command line that makes no sense as a whole, though each word of it does. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
