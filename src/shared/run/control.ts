/**
 * `control/<n>.json`: what any window or command line may ask of a trainer. It reads them between steps, in the order of
 * their numbers, and acknowledges each in `events.jsonl`.
 */
import * as z from 'zod';

export const controlSchema = z.discriminatedUnion('command', [
  z.object({ command: z.literal('pause') }),
  /** Goes on after a pause. */
  z.object({ command: z.literal('resume') }),
  /** Saves a checkpoint now and goes on. */
  z.object({ command: z.literal('checkpoint') }),
  /** Saves a checkpoint and ends. */
  z.object({ command: z.literal('stop') }),
]);
export type Control = z.infer<typeof controlSchema>;
export type ControlCommand = Control['command'];

/** A command as it lies in its file. `time`, in milliseconds since 1970, tells those meant for an earlier process apart. */
export const controlFileSchema = z.intersection(controlSchema, z.object({ time: z.int().min(0) }));

/** `17` for `17.json`; null for names of any other form. */
export function numberOf(fileName: string): number | null {
  const match = /^([1-9]\d{0,14})\.json$/.exec(fileName);
  return match === null ? null : Number(match[1]);
}
