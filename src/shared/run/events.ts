/**
 * What happens in a run, in the order it happens: the lines of `events.jsonl`, which is only ever appended to. Every view of
 * a run is derived from these. Losses, norms and rates are null where the number was not finite, since JSON has no NaN.
 */
import * as z from 'zod';

const count = z.int().min(0);
const share = z.number().min(0).max(1);
/** JSON writes NaN and the infinities as null. */
const measured = z.number().nullable();

function event<T extends string, F extends z.ZodRawShape>(type: T, fields: F) {
  return z.object({
    type: z.literal(type),
    /** Counts from 1 over the whole life of the run, through every resumption. */
    seq: z.int().min(1),
    /** Milliseconds since 1970. */
    time: count,
    ...fields,
  });
}

export const SPLITS = ['train', 'validation', 'test'] as const;
export type Split = (typeof SPLITS)[number];

/** Of a detector, as `ultralytics val` tells them: means over the classes; the last three at the confidence where F1 is best. */
const detectionScoreSchema = z.object({ map50: share, map: share, precision: share, recall: share, f1: share });
export type DetectionScore = z.infer<typeof detectionScoreSchema>;

/** What a detector's loss consists of, each with its gain, by Ultralytics' names; where a head predicts distances itself `dfl` is their L1. */
const lossPartsSchema = z.object({ box: measured, cls: measured, dfl: measured });
export type LossParts = z.infer<typeof lossPartsSchema>;

/** `accuracy` is a classifier's; a detector has `detection` instead, and `metricOf` says which one counts. */
export const scoreSchema = z.object({
  loss: measured,
  accuracy: share.nullable(),
  detection: detectionScoreSchema.optional(),
});
export type Score = z.infer<typeof scoreSchema>;

export const runEventSchema = z.discriminatedUnion('type', [
  event('started', { host: z.string(), pid: z.int() }),
  /** A new process goes on from a checkpoint: what was recorded past its step did not happen. */
  event('resumed', { host: z.string(), pid: z.int(), step: count, epoch: count }),
  /** Work before the first step, in words: opening the dataset, compiling the step. */
  event('preparing', { what: z.string() }),
  /** Everything is open and `run.json` tells what was found; the first step comes next. */
  event('ready', { totalSteps: count, stepsPerEpoch: count, epochs: count }),
  event('step', {
    /** Updates done, this one included; epochs count from 0. */
    step: count,
    epoch: count,
    loss: measured,
    parts: lossPartsSchema.optional(),
    learningRate: z.number(),
    /** Of all gradients together, before clipping. */
    gradientNorm: measured,
    imagesPerSecond: measured,
  }),
  event('evaluation', {
    step: count,
    epoch: count,
    split: z.enum(SPLITS),
    ...scoreSchema.shape,
    parts: lossPartsSchema.optional(),
    images: count,
    perClass: z
      .array(
        z.object({
          accuracy: share.nullable(),
          /** Of the class; a detector's, which show it. */
          images: count,
          /** Absent where no box is of this class. */
          detection: detectionScoreSchema.optional(),
        }),
      )
      .nullable(),
  }),
  /** Sample predictions were written; `file` is relative to the run folder. */
  event('samples', { step: count, file: z.string() }),
  event('checkpoint', { step: count, folder: z.string() }),
  event('best', { step: count, ...scoreSchema.shape }),
  event('paused', { step: count }),
  event('continued', { step: count }),
  /** The trainer has read control/`id`.json; `refused` says why it could not obey, null when it did. */
  /** The run has ended, and was given more epochs: it can be resumed from the checkpoint of `step`. `from` is what it had. */
  event('extended', { step: count, from: count, epochs: count, totalSteps: count.nullable() }),
  event('control-acknowledged', { id: z.int(), command: z.string(), refused: z.string().nullable() }),
  event('skipped-image', { file: z.string(), reason: z.string() }),
  /** Gradients overflowed in half precision: the update after `step` was left out and the loss is scaled by less. `skipped` counts them all. */
  event('overflow', { step: count, scale: z.number(), skipped: count }),
  event('warning', { message: z.string() }),
  event('finished', { step: count, reason: z.enum(['completed', 'early-stopping']), seconds: z.number() }),
  /** Ended early with its state saved: `lowrank resume` goes on from here. */
  event('stopped', { step: count, reason: z.enum(['asked', 'signal']), seconds: z.number() }),
  event('failed', { step: count, cause: z.enum(['input', 'divergence', 'internal']), message: z.string() }),
]);

export type RunEvent = z.infer<typeof runEventSchema>;
export type RunEventType = RunEvent['type'];
export type RunEventOf<T extends RunEventType> = Extract<RunEvent, { type: T }>;

type Unnumbered<E> = E extends RunEvent ? Omit<E, 'seq' | 'time'> : never;
/** An event as the trainer states it; the log adds number and time. */
export type NewRunEvent = Unnumbered<RunEvent>;

/** Nothing follows these but a resumption. */
export type EndEvent = RunEventOf<'finished' | 'stopped' | 'failed'>;

export function isEnd(event: RunEvent): event is EndEvent {
  return event.type === 'finished' || event.type === 'stopped' || event.type === 'failed';
}

/** An evaluation of 1000 classes takes some 60 kB; a longer line is damage, not an event. */
const MAX_LINE_LENGTH = 2 ** 20;

/** The event of one line; null where the line is damaged or of a kind that this version does not know. */
export function parseEvent(line: string): RunEvent | null {
  if (line.length > MAX_LINE_LENGTH) return null;
  try {
    const result = runEventSchema.safeParse(JSON.parse(line));
    return result.success ? result.data : null;
  } catch {
    return null;
  }
}

type Measurement = RunEventOf<'step' | 'evaluation' | 'samples' | 'checkpoint' | 'best'>;

function isMeasurement(event: RunEvent): event is Measurement {
  return ['step', 'evaluation', 'samples', 'checkpoint', 'best'].includes(event.type);
}

/**
 * The events that count: a process that was killed had recorded measurements past its last checkpoint, and the resumed one
 * makes them again. Those past the step that a later `resumed` names are left out, and of two of one step the later stays.
 */
export function effectiveEvents(events: readonly RunEvent[]): RunEvent[] {
  const kept: RunEvent[] = [];
  let resumedAt = Infinity;
  const earliest = new Map<string, number>();
  for (let i = events.length - 1; i >= 0; i--) {
    const event = events[i]!;
    if (event.type === 'resumed') resumedAt = Math.min(resumedAt, event.step);
    if (isMeasurement(event)) {
      const kind = event.type === 'evaluation' ? event.split : event.type;
      if (event.step > resumedAt || event.step >= (earliest.get(kind) ?? Infinity)) continue;
      earliest.set(kind, event.step);
    }
    kept.push(event);
  }
  return kept.reverse();
}
