/** The curves of a chart by name, with their values under the cursor; a press hides or shows one. */
import type { VNode } from 'preact';
import { formatInteger } from '../../src/shared/format.ts';
import { t } from '../ui/l10n.ts';
import type { Axis, Curve } from './curve.ts';
import { theme } from './theme.ts';

interface LegendProps {
  readonly curves: readonly Curve[];
  readonly hidden: ReadonlySet<string>;
  /** The step under the cursor; null for the last. */
  readonly at: number | null;
  readonly format: (value: number) => string;
  readonly axis?: Axis;
  readonly onToggle: (label: string) => void;
}

export function Legend({ curves, hidden, at, format, axis, onToggle }: LegendProps): VNode {
  const { lines } = theme.value;
  return (
    <div class="legend">
      <span class={`${axis === undefined ? 'legend-step' : 'legend-axis'} muted figure`}>{placeText(at, axis)}</span>
      {curves.map((curve) => (
        <button
          key={curve.label}
          type="button"
          class="legend-entry"
          aria-pressed={!hidden.has(curve.label)}
          onClick={() => {
            onToggle(curve.label);
          }}
        >
          <span
            class={curve.points === true ? 'legend-line legend-dashed' : 'legend-line'}
            style={{ color: lines[curve.color % lines.length]! }}
          />
          <span>{curve.label}</span>
          <span class="legend-value figure">
            {at === null && axis !== undefined ? '' : valueText(curve, at, format)}
          </span>
        </button>
      ))}
    </div>
  );
}

/** Nothing is the latest of what does not stand over steps. */
function placeText(at: number | null, axis: Axis | undefined): string {
  if (axis !== undefined) return at === null ? axis.title : `${axis.title} ${axis.format(at)}`;
  return at === null ? t('latest') : t('step {0}', formatInteger(at));
}

function valueText({ step, value }: Curve, at: number | null, format: (value: number) => string): string {
  // The last measurement not after the cursor.
  let index = at === null ? step.length - 1 : step.findLastIndex((each) => each <= at);
  while (index >= 0 && value[index] === null) index--;
  const found = value[index];
  return found === undefined || found === null ? '–' : format(found);
}
