/** The table twin of a chart: the same curves in numbers, thinned so that it can be read from end to end. */
import type { VNode } from 'preact';
import { formatInteger } from '../../src/shared/format.ts';
import { thinnedIndices } from '../../src/shared/run/series.ts';
import { t } from '../ui/l10n.ts';
import type { Axis, Curve } from './curve.ts';

const MAX_ROWS = 60;

interface SeriesTableProps {
  readonly title: string;
  readonly curves: readonly Curve[];
  readonly format: (value: number) => string;
  readonly axis?: Axis;
}

export function SeriesTable({ title, curves, format, axis }: SeriesTableProps): VNode {
  const rows = rowsOf(curves);
  return (
    <div class="numbers" tabIndex={0} role="region" aria-label={title}>
      <table>
        <thead>
          <tr>
            <th scope="col">{axis?.title ?? t('Step')}</th>
            {curves.map(({ label }) => (
              <th key={label} scope="col" class="numeric">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map(({ step, values }) => (
            <tr key={step}>
              <th scope="row" class="numeric">
                {axis === undefined ? formatInteger(step) : axis.format(step)}
              </th>
              {values.map((value, index) => (
                <td key={curves[index]!.label} class="numeric">
                  {value === undefined ? '' : value === null ? '–' : format(value)}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

interface Row {
  readonly step: number;
  /** Undefined where a curve was not measured at that step, null where it was no number. */
  readonly values: readonly (number | null | undefined)[];
}

function rowsOf(curves: readonly Curve[]): Row[] {
  const found = curves.map(({ step, value }) => {
    const kept = thinnedIndices(value, Math.floor(MAX_ROWS / Math.max(1, curves.length)));
    return new Map(kept.map((index) => [step[index]!, value[index]!]));
  });
  const steps = [...new Set(found.flatMap((values) => [...values.keys()]))].sort((a, b) => a - b);
  return steps.map((step) => ({ step, values: found.map((values) => values.get(step)) }));
}
