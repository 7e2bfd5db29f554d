/**
 * Whether the process behind a run still shows signs of life: pure, from what was observed of its folder and when. A machine that slept
 * stops the observer's clock of waking time too, so nothing is called dead for the hours nobody was awake.
 */
import type { RunStatus } from './status.ts';

/**
 * `waiting`: the heartbeat is old and only further beats can tell whether the process is alive. `silent`: the process is there, but
 * neither its heartbeat nor its events go on.
 */
export type Health = 'fine' | 'waiting' | 'silent';

export interface Observation {
  /** What the lease says of its holder; null without one. */
  readonly liveness: 'held' | 'doubtful' | 'free' | null;
  /** Modification time of the lease. */
  readonly heartbeat: number;
  /** Number of events, or anything else that changes with each. */
  readonly events: number;
  /** When it was looked at, in milliseconds. */
  readonly at: number;
}

export interface Watched extends Observation {
  /** Waking time without a heartbeat, and without an event. */
  readonly beatlessMs: number;
  readonly eventlessMs: number;
}

/** A longer time between two looks was no waking time. */
const MAX_LOOK_MS = 5_000;

export function watch(before: Watched | null, now: Observation): Watched {
  const awake = before === null ? 0 : Math.min(MAX_LOOK_MS, Math.max(0, now.at - before.at));
  const grown = (same: boolean, sofar: number): number => (same ? sofar + awake : 0);
  return {
    ...now,
    beatlessMs: grown(now.heartbeat === before?.heartbeat, before?.beatlessMs ?? 0),
    eventlessMs: grown(now.events === before?.events, before?.eventlessMs ?? 0),
  };
}

/** Six beats and more. */
const BEATLESS_MS = 15_000;
/** No work on images that were ever trained on here took that long. */
const EVENTLESS_MS = 10 * 60_000;
/** Longer than anything before, by far. */
const EVENTLESS_FACTOR = 10;

export function healthOf(status: RunStatus, watched: Watched, longestGapMs: number): Health {
  if (watched.liveness === 'doubtful') return watched.beatlessMs < BEATLESS_MS ? 'waiting' : 'fine';
  if (watched.liveness !== 'held' || (status !== 'running' && status !== 'paused')) return 'fine';
  if (watched.beatlessMs >= BEATLESS_MS) return 'silent';
  const patience = Math.max(EVENTLESS_MS, EVENTLESS_FACTOR * longestGapMs);
  return status === 'running' && watched.eventlessMs >= patience ? 'silent' : 'fine';
}
