/** Several runs laid over each other: their curves in one chart each, and the fields in which they differ as columns of a table. */
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { formatBytes, formatDuration, formatShare } from '../../src/shared/format.ts';
import type { ComparedRun, RunViewState } from '../../src/shared/protocol/run.ts';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { Link } from '../ui/toolkit.ts';
import { Chart } from './chart.tsx';
import { smoothed, type Curve } from './curve.ts';
import { CurveControls } from './curves.tsx';
import { metricTitles } from './metric-titles.ts';
import { axisText, orDash, percent } from './numbers.ts';
import { arrangement, post } from './store.ts';
import { theme } from './theme.ts';
import { wordOf } from './words.ts';

export function CompareView({ runs, fields }: RunViewState & { kind: 'compare' }): VNode {
  const { smoothing, logScale } = arrangement.value;
  const titles = metricTitles(runs.find(({ metric }) => metric.name !== 'accuracy')?.metric.name ?? 'accuracy');
  const labels = useMemo(() => labelsOf(runs, fields), [runs, fields]);
  const curves = useMemo(() => {
    const measured = (of: 'metric' | 'loss'): Curve[] =>
      runs.map(({ validation }, color) => ({
        label: labels[color]!,
        step: validation.step,
        value: validation[of],
        color,
        points: true,
      }));
    return {
      metric: measured('metric'),
      loss: measured('loss'),
      training: runs.flatMap(({ training }, color) =>
        smoothed(labels[color]!, training.step, training.loss, smoothing, color).filter(
          ({ behind }) => behind !== true,
        ),
      ),
    };
  }, [runs, labels, smoothing]);
  return (
    <>
      <h1>{t('{0} runs compared', runs.length)}</h1>
      <div class="numbers" tabIndex={0} role="region" aria-label={t('Runs and the fields in which they differ')}>
        <table>
          <thead>
            <tr>
              <th scope="col">{t('Run')}</th>
              <th scope="col">{t('State')}</th>
              {fields.map(({ field }) => (
                <th key={field} scope="col" class="numeric">
                  {field}
                </th>
              ))}
              <th scope="col" class="numeric">
                {titles.best}
              </th>
              <th scope="col" class="numeric">
                {t('Adapter')}
              </th>
              <th scope="col" class="numeric">
                {t('Time')}
              </th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run, index) => (
              <tr key={run.folder}>
                <th scope="row">
                  <span class="legend-line" style={{ color: lineColor(index) }} />{' '}
                  <Link
                    title={run.folder}
                    onClick={() => {
                      post({ type: 'open-run', folder: run.folder });
                    }}
                  >
                    {run.name}
                  </Link>
                </th>
                <td>{wordOf(run.status)}</td>
                {fields.map(({ field, values }) => (
                  <td key={field} class="numeric">
                    {values[index]}
                  </td>
                ))}
                <td class="numeric">{orDash(run.metric.value, formatShare)}</td>
                <td class="numeric">{orDash(run.adapterBytes, formatBytes)}</td>
                <td class="numeric">{orDash(run.seconds, formatDuration)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {fields.length === 0 && <p class="muted">{t('Their jobs are the same.')}</p>}
      <Card title={t('Curves')} actions={<CurveControls />}>
        <div class="charts">
          <Chart title={titles.validation} curves={curves.metric} format={percent} share />
          <Chart title={t('Validation loss')} curves={curves.loss} format={axisText} logScale={logScale} />
          <Chart title={t('Training loss')} curves={curves.training} format={axisText} logScale={logScale} />
        </div>
      </Card>
    </>
  );
}

function lineColor(index: number): string {
  const { lines } = theme.value;
  return lines[index % lines.length]!;
}

/** A run's name, told apart from its namesakes by what differs: `flowers, lora.rank 8`. */
function labelsOf(
  runs: readonly ComparedRun[],
  fields: readonly { field: string; values: readonly string[] }[],
): string[] {
  const [first] = fields;
  const labels = runs.map(({ name }, index) =>
    first === undefined ? name : `${name}, ${first.field.split('.').at(-1)!} ${first.values[index] ?? '–'}`,
  );
  // Curves are known by their labels: no two alike.
  return labels.map((label, index) => {
    const earlier = labels.slice(0, index).filter((other) => other === label).length;
    return earlier === 0 ? label : `${label} (${earlier + 1})`;
  });
}
