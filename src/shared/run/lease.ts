/**
 * `lease/<n>.json`: who trains a run; a GPU has leases, too. The highest number counts; a file's modification time is its heartbeat. The
 * numbers only grow, so whoever creates number n + 1 is the one successor of n: two processes that find the same dead lease cannot both
 * take over, which no scheme of deleting and re-creating a single file can promise.
 */
import * as z from 'zod';

/** How often the holder touches its file. */
export const HEARTBEAT_MS = 2_000;
/** A heartbeat older than this is in doubt: many beats, since a busy machine may delay some. */
export const HEARTBEAT_DOUBT_MS = 15_000;

export const leaseSchema = z.object({
  version: z.literal(1),
  /** For people. */
  host: z.string(),
  /** For comparing: process ids mean the same only within one machine, one boot and one process namespace. */
  machine: z.string(),
  pid: z.int().min(1),
  /** As the operating system tells it, where it does; a process id alone may have been given to another process since. */
  processStart: z.string().nullable(),
  /** Milliseconds since 1970. */
  since: z.int().min(0),
  released: z.boolean(),
  /** The folder of the run that a device computes; a run's own lease needs none. */
  run: z.string().optional(),
});
export type Lease = z.infer<typeof leaseSchema>;
