/** The curves of one run, with what is set for all of them: smoothing and the scale of the loss. */
import type { VNode } from 'preact';
import { useId, useMemo } from 'preact/hooks';
import { formatCount } from '../../src/shared/format.ts';
import type { MetricName } from '../../src/shared/run/metric.ts';
import type { EvaluationColumns, RunSeries } from '../../src/shared/run/series.ts';
import { Card, Details } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { nameOf } from '../ui/paths.ts';
import { Checkbox, Link } from '../ui/toolkit.ts';
import { Chart } from './chart.tsx';
import { smoothed, type Curve } from './curve.ts';
import { metricTitles } from './metric-titles.ts';
import { axisText, percent, rateText } from './numbers.ts';
import { DetectionCharts, LossParts } from './detection-curves.tsx';
import { arrange, arrangement, post } from './store.ts';

interface CurvesProps {
  readonly series: RunSeries;
  readonly metric: MetricName;
  /** The numbers as a file. */
  readonly table: string | null;
}

export function Curves({ series, metric, table }: CurvesProps): VNode {
  const { smoothing, logScale, moreCurves } = arrangement.value;
  const { steps, evaluations } = series;
  const loss = useMemo(
    () => [
      ...smoothed(t('Training'), steps.step, steps.loss, smoothing, 0),
      ...measured(t('Validation'), evaluations.validation, 'loss', 1),
    ],
    [steps, evaluations.validation, smoothing],
  );
  const reached = useMemo(
    () => measured(t('Validation'), evaluations.validation, 'metric', 1),
    [evaluations.validation],
  );
  return (
    <Card title={t('Curves')} actions={<CurveControls table={table} />}>
      <div class="charts">
        <Chart title={t('Loss')} curves={loss} format={axisText} logScale={logScale} />
        {metric === 'accuracy' ? (
          <Chart title={metricTitles(metric).last} curves={reached} format={percent} share />
        ) : (
          <DetectionCharts series={series} />
        )}
      </div>
      <Details
        summary={
          metric === 'accuracy'
            ? t('Learning rate, images/s, gradients')
            : t('Box, class and distance loss, learning rate, images/s, gradients')
        }
        open={moreCurves}
        onToggle={(open) => {
          if (open !== moreCurves) arrange({ moreCurves: open });
        }}
      >
        {moreCurves && metric !== 'accuracy' && <LossParts parts={series.parts} smoothing={smoothing} />}
        {moreCurves && <MoreCurves series={series} smoothing={smoothing} />}
      </Details>
    </Card>
  );
}

function MoreCurves({ series, smoothing }: { readonly series: RunSeries; readonly smoothing: number }): VNode {
  const { step, learningRate, imagesPerSecond, gradientNorm } = series.steps;
  const curves = useMemo(
    () => ({
      rate: smoothed(t('Learning rate'), step, learningRate, 0, 0),
      speed: smoothed(t('Images/s'), step, imagesPerSecond, smoothing, 2),
      norm: smoothed(t('Norm'), step, gradientNorm, smoothing, 3),
    }),
    [series.steps, smoothing],
  );
  return (
    <div class="charts">
      <Chart title={t('Learning rate')} curves={curves.rate} format={rateText} />
      <Chart title={t('Images per second')} curves={curves.speed} format={formatCount} />
      <Chart title={t('Norm of the gradients before clipping')} curves={curves.norm} format={axisText} />
    </div>
  );
}

/** At 1 a curve would never move. */
const MOST_SMOOTHING = 0.99;

export function CurveControls({ table = null }: { readonly table?: string | null }): VNode {
  const { smoothing, logScale } = arrangement.value;
  const id = useId();
  return (
    <div class="row curve-controls">
      <label for={id}>{t('Smoothing')}</label>
      <input
        id={id}
        class="range"
        type="range"
        min={0}
        max={MOST_SMOOTHING}
        step={0.01}
        style={{ '--at': `${(100 * smoothing) / MOST_SMOOTHING}%` }}
        value={smoothing}
        onInput={(event) => {
          arrange({ smoothing: event.currentTarget.valueAsNumber });
        }}
      />
      <span class="figure smoothing-value">{smoothing.toFixed(2)}</span>
      <Checkbox
        checked={logScale}
        onChange={(checked) => {
          arrange({ logScale: checked });
        }}
      >
        {t('Logarithmic loss')}
      </Checkbox>
      {table !== null && (
        <Link
          title={t('Open {0}', table)}
          onClick={() => {
            post({ type: 'open-file', path: table });
          }}
        >
          {nameOf(table)}
        </Link>
      )}
    </div>
  );
}

function measured(label: string, columns: EvaluationColumns, of: 'loss' | 'metric', color: number): Curve[] {
  return [{ label, step: columns.step, value: columns[of], color, points: true }];
}
