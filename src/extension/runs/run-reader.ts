/**
 * One run read from its folder, over and over: each look reads only what was written since the last. What it tells is what the folder
 * says, never what this window did: a run that another window or the command line trains looks the same.
 */
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../shared/errors.ts';
import { readEvents } from '../../shared/run/event-log.ts';
import type { RunEvent } from '../../shared/run/events.ts';
import { type Health, healthOf, watch, type Watched } from '../../shared/run/health.ts';
import type { RunIdentity } from '../../shared/run/identity.ts';
import { RUN_PATHS } from '../../shared/run/layout.ts';
import { livenessOf, readLease } from '../../shared/run/liveness.ts';
import { NO_PACE, type Pace, paceAfter, remainingSeconds } from '../../shared/run/pace.ts';
import { readIdentity, type RunState, stateOf } from '../../shared/run/read-run.ts';
import {
  emptySeries,
  joinSeries,
  type RunSeries,
  seriesOf,
  seriesOfCounted,
  thinSeries,
} from '../../shared/run/series.ts';
import { advance, summarise } from '../../shared/run/summary.ts';
import { isTold } from './event-words.ts';

export interface Reading {
  readonly state: RunState;
  readonly health: Health;
  /** Seconds to the end; null where that cannot be told. */
  readonly remaining: number | null;
  /** Events of this run so far. */
  readonly events: number;
}

/** What a look found: `all` where what was known before no longer holds. */
export interface Look extends Reading {
  readonly news: 'all' | readonly RunEvent[];
}

/** The folder cannot be read, or is no longer there. */
export interface Unreadable {
  readonly gone: boolean;
  readonly reason: string;
}

/** Rows of a curve that are kept, and the number at which they are thinned to that: few enough to copy ten times a second. */
const KEPT_ROWS = 5_000;
const MAX_ROWS = 2 * KEPT_ROWS;

/** Events that are kept to be told. */
const MAX_TOLD = 200;

function bounded(series: RunSeries): RunSeries {
  return series.steps.step.length > MAX_ROWS ? thinSeries(series, KEPT_ROWS) : series;
}

export class RunReader {
  readonly folder: string;
  #identity: { readonly value: RunIdentity; readonly changed: number } | undefined;
  #reading: Reading | undefined;
  #pace: Pace = NO_PACE;
  #watched: Watched | null = null;
  #looking: Promise<Look | Unreadable> | undefined;
  #told: readonly RunEvent[] = [];
  /** Curves, kept only for a reader that draws them. */
  #series: RunSeries | undefined;

  constructor(folder: string, { curves = false } = {}) {
    this.folder = folder;
    if (curves) this.#series = emptySeries();
  }

  get series(): RunSeries {
    return this.#series ?? emptySeries();
  }

  /** The last events that are told in words, those of all processes; for a reader of curves. */
  get told(): readonly RunEvent[] {
    return this.#told;
  }

  /** Never rejects. Called while another look is under way, it returns that one's. */
  look(): Promise<Look | Unreadable> {
    return (this.#looking ??= this.#lookOrTell().finally(() => (this.#looking = undefined)));
  }

  async #lookOrTell(): Promise<Look | Unreadable> {
    try {
      return await this.#look();
    } catch (error) {
      this.#identity = undefined;
      this.#reading = undefined;
      const gone = await isGone(join(this.folder, RUN_PATHS.identity));
      return { gone, reason: messageOf(error) };
    }
  }

  async #look(): Promise<Look> {
    const identity = await this.#readIdentity();
    // The lease first: a trainer writes its last event before it lets go, so the events read then are never too old.
    const lease = readLease(this.folder);
    const before = this.#reading;
    const added = await readEvents(this.folder, before?.state.eventsOffset ?? 0);
    // A resumed process takes back what was recorded past its checkpoint; a shorter file is another one.
    const anew =
      before === undefined ||
      added.offset < before.state.eventsOffset ||
      added.events.some(({ type }) => type === 'resumed');
    const history = before !== undefined && anew ? await readEvents(this.folder) : added;
    const { events } = history;
    const summary = anew ? summarise(events) : events.reduce(advance, before.state.summary);
    this.#pace = paceAfter(anew ? NO_PACE : this.#pace, events);
    if (this.#series !== undefined) {
      this.#series = bounded(anew ? seriesOf(events) : joinSeries(this.#series, seriesOfCounted(events)));
      this.#told = [...(anew ? [] : this.#told), ...events.filter(isTold)].slice(-MAX_TOLD);
    }
    const damagedLines = history.damagedLines + (anew ? 0 : before.state.damagedLines);
    const state = stateOf(identity, lease, summary, { folder: this.folder, offset: history.offset, damagedLines });
    const count = events.length + (anew ? 0 : before.events);
    const liveness = lease === null ? null : livenessOf(lease);
    this.#watched = watch(this.#watched, {
      liveness,
      heartbeat: lease?.heartbeat ?? 0,
      events: count,
      at: performance.now(),
    });
    this.#reading = {
      state,
      health: healthOf(state.status, this.#watched, this.#pace.longestGapMs),
      remaining: remainingSeconds(this.#pace, summary),
      events: count,
    };
    return { ...this.#reading, news: anew ? 'all' : events };
  }

  /** Read again only when the trainer has written it anew, as it does once it knows what it opened. */
  async #readIdentity(): Promise<RunIdentity> {
    const { mtimeMs } = await stat(join(this.folder, RUN_PATHS.identity));
    if (this.#identity?.changed !== mtimeMs)
      this.#identity = { value: await readIdentity(this.folder), changed: mtimeMs };
    return this.#identity.value;
  }
}

/** Whether a process may be at work on it, or may be about to be: it is worth another look soon. */
export function mayChange({ state, health }: Reading): boolean {
  return ['queued', 'running', 'paused'].includes(state.status) || health === 'waiting';
}

async function isGone(path: string): Promise<boolean> {
  return stat(path).then(
    () => false,
    (error: unknown) => error instanceof Error && 'code' in error && ['ENOENT', 'ENOTDIR'].includes(String(error.code)),
  );
}
