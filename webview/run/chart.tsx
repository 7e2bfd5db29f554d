/**
 * One chart: curves over steps, drawn by uPlot on a canvas. Drag, or + and −, zooms; a double click, or 0, shows all again; the pointer,
 * or the arrow keys, read values off into the legend, which also hides and shows curves.
 */
import { useSignal } from '@preact/signals';
import type { VNode } from 'preact';
import { useEffect, useId, useMemo, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { formatInteger } from '../../src/shared/format.ts';
import { Details } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import type { Axis, Curve } from './curve.ts';
import { Legend } from './legend.tsx';
import { SeriesTable } from './series-table.tsx';
import { lineOf, theme } from './theme.ts';

interface ChartProps {
  readonly title: string;
  readonly curves: readonly Curve[];
  readonly format: (value: number) => string;
  readonly logScale?: boolean;
  /** The axis from 0 to 1. */
  readonly share?: boolean;
  readonly axis?: Axis;
}

const HEIGHT = 200;
/** uPlot names the kinds of scales in an enum that its types have and its code has not. */
const LOGARITHMIC = Object.fromEntries([['distr', 3]]) as uPlot.Scale;

export function Chart({ title, curves, format, logScale = false, share = false, axis }: ChartProps): VNode {
  const place = useRef<HTMLDivElement>(null);
  const plot = useRef<uPlot | null>(null);
  const hidden = useSignal<ReadonlySet<string>>(new Set());
  const cursor = useSignal<number | null>(null);
  const zoomed = useSignal(false);
  const titleId = useId();
  const helpId = useId();
  const data = useMemo(() => aligned(curves, logScale), [curves, logScale]);
  const colors = theme.value;
  // What the chart is made of; values alone are exchanged.
  const shape = JSON.stringify([
    curves.map(({ label, color, behind, points }) => [label, color, behind, points, hidden.value.has(label)]),
    logScale,
    share,
    colors,
  ]);
  useEffect(() => {
    const element = place.current!;
    const made = new uPlot(
      {
        width: element.clientWidth || 300,
        height: HEIGHT,
        legend: { show: false },
        cursor: { drag: { x: true, y: false, uni: 20 }, points: { size: 7 } },
        scales: {
          x: axis === undefined ? { time: false } : { time: false, range: [0, 1] },
          y: share ? { range: [0, 1] } : logScale ? LOGARITHMIC : { range: padded },
        },
        axes: axesOf(colors, format, axis),
        series: [{}, ...curves.map((curve) => seriesOf(curve, colors, hidden.peek().has(curve.label)))],
        hooks: {
          setCursor: [(u) => (cursor.value = u.cursor.idx ?? null)],
          setScale: [(u, key) => key === 'x' && (zoomed.value = isZoomed(u))],
        },
      },
      data,
      element,
    );
    plot.current = made;
    const observer = new ResizeObserver(() => {
      if (element.clientWidth > 0) made.setSize({ width: element.clientWidth, height: HEIGHT });
    });
    observer.observe(element);
    return () => {
      observer.disconnect();
      made.destroy();
      plot.current = null;
    };
  }, [shape]);
  useEffect(() => {
    plot.current?.setData(data, !zoomed.peek());
    // Without new scales uPlot draws nothing by itself.
    if (zoomed.peek()) plot.current?.redraw();
  }, [data]);
  const empty = curves.every(({ step }) => step.length === 0);
  const toggle = (label: string): void => {
    const now = new Set(hidden.value);
    if (!now.delete(label)) now.add(label);
    hidden.value = now;
  };
  return (
    <figure class="chart" aria-labelledby={titleId}>
      <div class="row spread chart-head">
        <figcaption id={titleId}>{title}</figcaption>
        <button
          type="button"
          class="link"
          disabled={!zoomed.value}
          style={{ visibility: zoomed.value ? 'visible' : 'hidden' }}
          onClick={() => {
            showAll(plot.current);
          }}
        >
          {t('Show all')}
        </button>
      </div>
      <div
        class="chart-canvas"
        style={{ height: `${HEIGHT}px` }}
        role="group"
        aria-roledescription={t('chart')}
        aria-label={describe(title, curves, format)}
        aria-describedby={helpId}
        tabIndex={0}
        onKeyDown={(event) => {
          if (plot.current !== null && press(plot.current, event.key)) event.preventDefault();
        }}
      >
        <div ref={place} />
        {empty && <p class="chart-empty muted">{t('Nothing measured yet')}</p>}
      </div>
      <p id={helpId} class="hidden-text">
        {t('Arrow keys read values, plus and minus zoom, 0 shows all.')}
      </p>
      <Legend
        curves={curves.filter(({ behind }) => behind !== true)}
        hidden={hidden.value}
        at={cursor.value === null ? null : (data[0][cursor.value] ?? null)}
        format={format}
        {...(axis !== undefined && { axis })}
        onToggle={toggle}
      />
      <Details summary={t('As a table')}>
        <SeriesTable
          title={title}
          curves={curves.filter(({ behind }) => behind !== true)}
          format={format}
          {...(axis !== undefined && { axis })}
        />
      </Details>
    </figure>
  );
}

/** All curves over the steps of any; where a logarithm is drawn, values without one are missing. */
function aligned(curves: readonly Curve[], logScale: boolean): uPlot.AlignedData {
  if (curves.length === 0) return [[]];
  const tables = curves.map(({ step, value }): uPlot.AlignedData => {
    const drawn = logScale ? value.map((each) => (each !== null && each > 0 ? each : null)) : value;
    return [step as number[], drawn as (number | null)[]];
  });
  return uPlot.join(tables);
}

function seriesOf(curve: Curve, colors: typeof theme.value, isHidden: boolean): uPlot.Series {
  const { stroke, dash } = lineOf(curve, colors.lines);
  return {
    label: curve.label,
    stroke,
    show: !isHidden,
    width: curve.behind === true ? 1 : 2,
    alpha: curve.behind === true ? 0.35 : 1,
    dash: curve.behind === true ? [] : [...dash],
    // Curves that were measured at other steps have gaps here; a value that was no number is lost among them.
    spanGaps: true,
    points: { show: curve.points === true || curve.step.length === 1, size: 6, fill: stroke },
  };
}

function axesOf(
  { text, grid, font }: typeof theme.value,
  format: (value: number) => string,
  axis: Axis | undefined,
): uPlot.Axis[] {
  const common = { stroke: text, font, grid: { stroke: grid, width: 1 }, ticks: { stroke: grid, width: 1, size: 4 } };
  return [
    {
      ...common,
      size: 24,
      gap: 3,
      values: (_, splits) =>
        splits.map((at) => (axis !== undefined ? axis.format(at) : at % 1 === 0 ? formatInteger(at) : '')),
    },
    {
      ...common,
      size: 52,
      gap: 3,
      values: (_, splits) => splits.map((value: number | null) => (value === null ? '' : format(value))),
    },
  ];
}

/** Some room above and below, also for a curve that is level. */
function padded(_: uPlot, least: number | null, most: number | null): uPlot.Range.MinMax {
  if (least === null || most === null) return [0, 1];
  const room = (most - least || Math.abs(most) || 1) * 0.06;
  return [least >= 0 ? Math.max(0, least - room) : least - room, most + room];
}

function isZoomed(plot: uPlot): boolean {
  const { min, max } = plot.scales['x']!;
  const steps = plot.data[0];
  return steps.length > 1 && (min !== steps[0] || max !== steps.at(-1));
}

function showAll(plot: uPlot | null): void {
  const steps = plot?.data[0] ?? [];
  if (steps.length > 0) plot?.setScale('x', { min: steps[0]!, max: steps.at(-1)! });
}

/** True where the key did something. */
function press(plot: uPlot, key: string): boolean {
  const { min = 0, max = 0 } = plot.scales['x'] as { min?: number; max?: number };
  const move = { ArrowLeft: -1, ArrowRight: 1 }[key];
  if (move !== undefined) {
    const steps = plot.data[0];
    const index = Math.min(steps.length - 1, Math.max(0, (plot.cursor.idx ?? (move > 0 ? -1 : steps.length)) + move));
    const step = steps[index];
    if (step === undefined) return false;
    plot.setCursor({ left: plot.valToPos(step, 'x'), top: plot.over.clientHeight / 2 });
    return true;
  }
  const factor = { '+': 0.5, '=': 0.5, '-': 2 }[key];
  if (factor !== undefined) {
    const middle =
      plot.cursor.idx === null || plot.cursor.idx === undefined ? (min + max) / 2 : plot.data[0][plot.cursor.idx]!;
    const [first, last] = [plot.data[0][0] ?? 0, plot.data[0].at(-1) ?? 0];
    const half = ((max - min) / 2) * factor;
    plot.setScale('x', { min: Math.max(first, middle - half), max: Math.min(last, middle + half) });
    return true;
  }
  if (key === '0') showAll(plot);
  return key === '0';
}

/** The chart in a sentence, for those who do not see it. */
function describe(title: string, curves: readonly Curve[], format: (value: number) => string): string {
  const parts = curves
    .filter(({ behind }) => behind !== true)
    .map(({ label, value }) => {
      const numbers = value.filter((each) => each !== null);
      const [first, last] = [numbers[0], numbers.at(-1)];
      if (first === undefined || last === undefined) return t('{0}: nothing measured yet', label);
      return t('{0}: from {1} to {2}', label, format(first), format(last));
    });
  return `${title}. ${parts.join('. ')}`;
}
