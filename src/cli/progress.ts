/**
 * A run as it goes, told from its events: on a terminal one line that is written anew, above it what is worth keeping; on a
 * pipe plain lines, seldom enough for a log. The same for a run just started, one resumed and one followed from elsewhere.
 */
import { formatCount, formatDuration, formatShare } from '../shared/format.ts';
import type { RunEvent, RunEventOf } from '../shared/run/events.ts';
import { metricOf } from '../shared/run/metric.ts';
import { NO_PACE, paceAfter, remainingSeconds } from '../shared/run/pace.ts';
import { advance, type RunSummary, summarise } from '../shared/run/summary.ts';
import { History, sparkline } from './sparkline.ts';
import { LiveLine, paint, type Style, type Terminal } from './terminal.ts';

/** Faster than that nobody reads. */
const REDRAW_MS = 100;
/** On a pipe: between two lines that tell steps. */
const PLAIN_MS = 10_000;
const SPARKS = 16;

export class Progress {
  readonly #terminal: Terminal;
  readonly #line: LiveLine;
  readonly #now: () => number;
  #summary: RunSummary;
  #losses = new History(SPARKS);
  #pace = NO_PACE;
  #drawn = -Infinity;

  /** `past` are the events that happened before this view of the run was opened; they are not told again. */
  constructor(terminal: Terminal, past: readonly RunEvent[] = [], now: () => number = Date.now) {
    this.#terminal = terminal;
    this.#line = new LiveLine(terminal);
    this.#now = now;
    this.#summary = summarise(past);
  }

  show(event: RunEvent): void {
    this.#summary = advance(this.#summary, event);
    this.#pace = paceAfter(this.#pace, [event]);
    if (event.type === 'step' && event.loss !== null) this.#losses.add(event.loss);
    const told = this.#tell(event);
    if (told !== null) this.#line.print(told);
    const due = this.#now() - this.#drawn >= (this.#terminal.live ? REDRAW_MS : PLAIN_MS);
    if (!this.#terminal.live) {
      if (event.type === 'step' && due) this.#draw();
    } else if (this.#summary.phase === 'running' && (due || told !== null)) this.#draw();
  }

  /** A line that stays, of what is no event of the run. */
  note(text: string): void {
    this.#line.print(paint(this.#terminal, 'yellow', text));
    if (this.#terminal.live && this.#summary.phase === 'running') this.#draw();
  }

  /** Takes the live line away; what was printed stays. */
  end(): void {
    this.#line.clear();
  }

  #draw(): void {
    this.#drawn = this.#now();
    if (this.#terminal.live) this.#line.show(fit(this.#segments(), this.#terminal.columns() - 1));
    else this.#line.print(fit(this.#segments(), Infinity));
  }

  /** The parts of the line; where there is no room for all, those of the highest number give way. */
  #segments(): Segment[] {
    const { preparing, latest, evaluations, step, epoch, epochs, totalSteps } = this.#summary;
    if (preparing !== null || latest === null) return [[`${preparing ?? 'starting'} …`, 0]];
    const metric = metricOf(evaluations.validation);
    const remaining = remainingSeconds(this.#pace, this.#summary);
    const sparks = this.#terminal.live ? sparkline(this.#losses.values()) : '';
    const segments: (Segment | null)[] = [
      [`epoch ${epoch + 1}${epochs === null ? '' : `/${epochs}`}`, 4],
      [`step ${step}${totalSteps === null ? '' : `/${totalSteps}`}`, 1],
      [`loss ${formatLoss(latest.loss)}`, 0],
      sparks === '' ? null : [sparks, 6],
      metric.value === null ? null : [`${metric.name} ${formatShare(metric.value)}`, 2],
      latest.imagesPerSecond === null ? null : [`${formatCount(latest.imagesPerSecond)} images/s`, 5],
      remaining === null ? null : [`${formatDuration(remaining)} left`, 3],
    ];
    return segments.filter((segment) => segment !== null);
  }

  /** What is kept of an event on the screen; null for what only moves the line. */
  #tell(event: RunEvent): string | null {
    const styled = (style: Style, text: string): string => paint(this.#terminal, style, text);
    switch (event.type) {
      case 'preparing':
        return this.#terminal.live ? null : `${event.what} …`;
      case 'evaluation':
        return this.#evaluation(event);
      case 'paused':
        return styled('yellow', `paused at step ${event.step}`);
      case 'continued':
        return `continued at step ${event.step}`;
      case 'resumed':
        return `resumed from the checkpoint of step ${event.step}`;
      case 'extended':
        return `extended from ${event.from} to ${event.epochs} epochs`;
      case 'control-acknowledged':
        return event.refused === null ? null : styled('yellow', `${event.command}: ${event.refused}`);
      case 'skipped-image':
        return styled('yellow', `skipped ${event.file}: ${event.reason}`);
      case 'overflow':
        return `gradients overflowed after step ${event.step}: update left out (${event.skipped} so far), scale now ${event.scale}`;
      case 'warning':
        return styled('yellow', `warning: ${event.message}`);
      case 'finished': {
        const early = event.reason === 'early-stopping' ? ', as it did not get better any more' : '';
        return styled('green', `finished after ${formatDuration(event.seconds)} at step ${event.step}${early}`);
      }
      case 'stopped':
        return styled('yellow', `stopped at step ${event.step} with its state saved; go on by 'lowrank resume'`);
      case 'failed':
        return styled('red', `failed at step ${event.step}: ${event.message}`);
      case 'started':
      case 'ready':
      case 'step':
      case 'samples':
      case 'checkpoint':
      case 'best':
        return null;
      default:
        return event satisfies never;
    }
  }

  #evaluation(event: RunEventOf<'evaluation'>): string {
    const { step, split, loss, detection } = event;
    const { name, value } = metricOf(event);
    const parts = [`step ${step}`, `${split} loss ${formatLoss(loss)}`];
    if (value !== null) parts.push(paint(this.#terminal, 'bold', `${name} ${formatShare(value)}`));
    if (detection !== undefined)
      parts.push(
        `mAP50 ${formatShare(detection.map50)}`,
        `precision ${formatShare(detection.precision)}`,
        `recall ${formatShare(detection.recall)}`,
      );
    return parts.join('  ');
  }
}

/** Text without styles, since its length is counted, and how readily it is left out; 0 for never. */
type Segment = readonly [text: string, dispensable: number];

const GAP = '  ';

function fit(segments: readonly Segment[], columns: number): string {
  let kept = segments;
  const line = (): string => kept.map(([text]) => text).join(GAP);
  while (line().length > columns && kept.length > 1) {
    const most = Math.max(...kept.map(([, dispensable]) => dispensable));
    if (most === 0) break;
    kept = kept.filter(([, dispensable]) => dispensable !== most);
  }
  return line().slice(0, Math.max(0, Math.min(columns, line().length)));
}

/** Four significant digits: enough to see it move, and of steady width. */
function formatLoss(loss: number | null): string {
  if (loss === null) return 'not a number';
  return loss < 1e-3 && loss > 0 ? loss.toExponential(2) : loss.toPrecision(4);
}
