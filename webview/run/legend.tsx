/** The curves of a chart by name, with their values under the cursor; a press hides or shows one. */
import type { VNode } from 'preact';
import { formatInteger } from '../../src/shared/format.ts';
import { t } from '../ui/l10n.ts';
import type { Axis, Curve } from './curve.ts';
import { lineOf, theme } from './theme.ts';

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
          <LegendLine curve={curve} />
          <span>{curve.label}</span>
          <span class="legend-value figure">
            {at === null && axis !== undefined ? '' : valueText(curve, at, format)}
          </span>
        </button>
      ))}
    </div>
  );
}

/** As the chart draws it, dashes included: colours come again where there are many curves. */
function LegendLine({ curve }: { readonly curve: Curve }): VNode {
  const { stroke, dash } = lineOf(curve, theme.value.lines);
  return (
    <svg class="legend-stroke" viewBox="0 0 26 2" aria-hidden="true">
      <line x1="0" y1="1" x2="26" y2="1" stroke={stroke} stroke-width="2" stroke-dasharray={dash.join(' ')} />
    </svg>
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
