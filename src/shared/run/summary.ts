/** Where a run stands, folded from its events. Pure: the host, the command line and a webview get the same answer. */
import { effectiveEvents, type RunEvent, type RunEventOf, type Split } from './events.ts';

/** What the events say; whether a process still lives behind them only its lease can tell. */
type Phase = 'queued' | 'running' | 'paused' | 'finished' | 'stopped' | 'failed';

export interface RunSummary {
  readonly phase: Phase;
  /** When that phase began, in milliseconds since 1970; 0 while queued. */
  readonly since: number;
  /** Updates done. */
  readonly step: number;
  readonly epoch: number;
  /** Null until the trainer knows. */
  readonly totalSteps: number | null;
  readonly epochs: number | null;
  /** What is being prepared before the first step. */
  readonly preparing: string | null;
  readonly latest: RunEventOf<'step'> | null;
  readonly evaluations: Readonly<Partial<Record<Split, RunEventOf<'evaluation'>>>>;
  /** The first evaluation of the validation images, where it was made before any update. */
  readonly untouched: RunEventOf<'evaluation'> | null;
  readonly best: RunEventOf<'best'> | null;
  readonly checkpoint: RunEventOf<'checkpoint'> | null;
  readonly samples: RunEventOf<'samples'> | null;
  readonly skippedImages: number;
  readonly warnings: readonly string[];
  readonly failure: RunEventOf<'failed'> | null;
}

const QUEUED: RunSummary = {
  phase: 'queued',
  since: 0,
  step: 0,
  epoch: 0,
  totalSteps: null,
  epochs: null,
  preparing: null,
  latest: null,
  evaluations: {},
  untouched: null,
  best: null,
  checkpoint: null,
  samples: null,
  skippedImages: 0,
  warnings: [],
  failure: null,
};

/** The last warnings suffice: a run that warns at every step must not grow its summary without end. */
const MAX_WARNINGS = 20;

/** Folds all events of a run, as they lie in its file. */
export function summarise(events: readonly RunEvent[]): RunSummary {
  return effectiveEvents(events).reduce(advance, QUEUED);
}

/** One event further. After a `resumed` use `summarise`: it takes back what came before. */
export function advance(summary: RunSummary, event: RunEvent): RunSummary {
  switch (event.type) {
    case 'started':
      return { ...summary, phase: 'running', since: event.time, failure: null };
    case 'resumed':
      return { ...summary, phase: 'running', since: event.time, step: event.step, epoch: event.epoch, failure: null };
    case 'preparing':
      return { ...summary, preparing: event.what };
    case 'ready':
      return { ...summary, totalSteps: event.totalSteps, epochs: event.epochs, preparing: null };
    case 'step':
      return { ...summary, step: event.step, epoch: event.epoch, latest: event, preparing: null };
    case 'evaluation': {
      const first = event.split === 'validation' && event.step === 0;
      const evaluations = { ...summary.evaluations, [event.split]: event };
      return { ...summary, evaluations, untouched: first ? event : summary.untouched };
    }
    case 'samples':
      return { ...summary, samples: event };
    case 'checkpoint':
      return { ...summary, checkpoint: event };
    case 'best':
      return { ...summary, best: event };
    case 'paused':
      return { ...summary, phase: 'paused', since: event.time };
    case 'continued':
      return { ...summary, phase: 'running', since: event.time };
    case 'skipped-image':
      return { ...summary, skippedImages: summary.skippedImages + 1 };
    case 'warning':
      return { ...summary, warnings: [...summary.warnings, event.message].slice(-MAX_WARNINGS) };
    case 'control-acknowledged':
    case 'overflow':
      return summary;
    case 'extended': {
      const { step, epochs, totalSteps } = event;
      return { ...summary, phase: 'stopped', since: event.time, step, epochs, totalSteps, failure: null };
    }
    case 'finished':
    case 'stopped':
    case 'failed':
      return {
        ...summary,
        phase: event.type,
        since: event.time,
        step: event.step,
        preparing: null,
        failure: event.type === 'failed' ? event : null,
      };
    default:
      return event satisfies never;
  }
}
