/** What the view knows: the host's last state and increments, and the arrangement that is the view's own. */
import { signal } from '@preact/signals';
import { type RunViewState, type ToHostRun, toViewRun, type ToViewRun } from '../../src/shared/protocol/run.ts';
import { joinSeries, thinSeries } from '../../src/shared/run/series.ts';
import { openChannel, type Told } from '../ui/channel.ts';

/** Rows of a curve that are kept: more than a screen is wide, few enough to draw ten times a second. */
const MAX_ROWS = 4_000;

export interface Arrangement {
  /** Weight of the moving average, from 0 to below 1. */
  readonly smoothing: number;
  readonly logScale: boolean;
  readonly moreCurves: boolean;
  /** What is drawn over the images of a detector. */
  readonly shows: { readonly found: boolean; readonly truth: boolean; readonly labels: boolean };
}

export const view = signal<RunViewState | null>(null);

const channel = openChannel<ToHostRun, ToViewRun, Arrangement>(toViewRun, (message) => {
  view.value = after(view.value, message);
});

export const arrangement = signal<Arrangement>({
  smoothing: 0.6,
  logScale: false,
  moreCurves: false,
  shows: { found: true, truth: true, labels: true },
  ...channel.kept,
});

export function arrange(change: Partial<Arrangement>): void {
  arrangement.value = { ...arrangement.value, ...change };
  channel.keep(arrangement.value);
}

export function post(message: ToHostRun): void {
  channel.post(message);
}

function after(state: RunViewState | null, message: Told<ToViewRun>): RunViewState | null {
  if (message.type === 'state') return message.state;
  // Increments belong to a state that was sent before; without one the next state tells all.
  if (state?.kind !== 'run') return state;
  if (message.type === 'details') return { ...state, details: message.details };
  if (message.type === 'detections') return { ...state, detections: message.detections };
  const series = joinSeries(state.series, message.added);
  const grown = series.steps.step.length > 2 * MAX_ROWS;
  return { ...state, head: message.head, series: grown ? thinSeries(series, MAX_ROWS) : series };
}
