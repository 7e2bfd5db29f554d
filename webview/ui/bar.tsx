/** A share as a bar: in a table, a list of classes, a strip of layers, a progress. */
import type { VNode } from 'preact';

interface BarProps {
  /** From 0 to 1; what exceeds is cut. */
  readonly share: number;
  /** What the bar says, for those who do not see it; without it the bar only repeats a text beside it. */
  readonly label?: string;
  /** A second part of another meaning behind the first, also from 0. */
  readonly second?: number;
}

/** As wide as its place. */
export function Bar({ share, label, second }: BarProps): VNode {
  const name = label === undefined ? { 'aria-hidden': true } : { role: 'img' as const, 'aria-label': label };
  return (
    <div class="bar" {...name}>
      {second !== undefined && <span class="bar-fill bar-second" style={{ width: percent(second) }} />}
      <span class="bar-fill" style={{ width: percent(share) }} />
    </div>
  );
}

interface ProgressProps {
  readonly done: number;
  /** Null where it is not known: the bar then moves. */
  readonly total: number | null;
  readonly label: string;
}

/** How far something is. */
export function ProgressBar({ done, total, label }: ProgressProps): VNode {
  const known = total === null || total === 0 ? {} : { 'aria-valuenow': Math.round((100 * done) / total) };
  return (
    <div class="bar" role="progressbar" aria-label={label} aria-valuemin={0} aria-valuemax={100} {...known}>
      <span
        class={total === null ? 'bar-fill bar-moving' : 'bar-fill'}
        style={total === null ? {} : { width: percent(total === 0 ? 0 : done / total) }}
      />
    </div>
  );
}

function percent(share: number): string {
  return `${Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * 100}%`;
}
