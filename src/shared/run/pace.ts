/** How fast a run goes, from the times of its last steps: what the time to its end is judged by. Pure. */
import type { RunEvent } from './events.ts';
import type { RunSummary } from './summary.ts';

/** Steps looked back on: enough to even out evaluations between them, few enough to notice that a machine became slower. */
const PACE_STEPS = 200;

export interface Pace {
  /** When the last steps ended, in milliseconds since 1970. */
  readonly times: readonly number[];
  /** The longest silence between two events of one process so far: an evaluation or a compilation may take long. */
  readonly longestGapMs: number;
  /** Of the last event; 0 before the first. */
  readonly lastEvent: number;
}

export const NO_PACE: Pace = { times: [], longestGapMs: 0, lastEvent: 0 };

export function paceAfter(pace: Pace, events: readonly RunEvent[]): Pace {
  let { longestGapMs, lastEvent } = pace;
  let times = [...pace.times];
  for (const { type, time } of events) {
    // Before these no process was at work, or one that waited: neither tells how long work takes.
    const idle = type === 'started' || type === 'resumed' || type === 'continued';
    if (idle) times = [];
    else longestGapMs = Math.max(longestGapMs, lastEvent === 0 ? 0 : time - lastEvent);
    if (type === 'step') times.push(time);
    lastEvent = time;
  }
  return { times: times.slice(-PACE_STEPS), longestGapMs, lastEvent };
}

/** Seconds to the end at this pace; null until two steps have shown it. */
export function remainingSeconds({ times }: Pace, { step, totalSteps }: RunSummary): number | null {
  const [first, last] = [times[0], times.at(-1)];
  if (totalSteps === null || step >= totalSteps || first === undefined || last === undefined || times.length < 2)
    return null;
  return ((totalSteps - step) * (last - first)) / (times.length - 1) / 1000;
}
