/** What came of a run, and where to go from here. */
import type { VNode } from 'preact';
import { formatBytes, formatInteger, formatShare } from '../../src/shared/format.ts';
import type { RunHead, RunPlace } from '../../src/shared/protocol/run.ts';
import type { RunReport } from '../../src/shared/run/report.ts';
import { metricOf } from '../../src/shared/run/metric.ts';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { Button } from '../ui/toolkit.ts';
import { metricTitles } from './metric-titles.ts';
import { orDash } from './numbers.ts';
import { post } from './store.ts';

interface EndCardProps {
  readonly report: RunReport;
  readonly head: RunHead;
  readonly trusted: boolean;
}

export function EndCard({ report, head, trusted }: EndCardProps): VNode {
  const { validation, test, files, method } = report;
  const before = metricOf(validation.untouched).value;
  const { name, value: after } = metricOf(validation.best ?? validation.last);
  const go = (to: RunPlace) => (): void => {
    post({ type: 'go', to });
  };
  return (
    <Card title={head.status === 'finished' ? t('Finished') : t('So far')}>
      <div class="outcome">
        <div>
          <p class="muted">{name === 'accuracy' ? t('Validation images recognised') : metricTitles(name).validation}</p>
          <p class="headline figure">
            {orDash(before, formatShare)} <span aria-hidden="true">→</span>
            <span class="hidden-text">{t('before, after')}</span> {orDash(after, formatShare)}
          </p>
          {test !== null && <p class="muted">{t('Test images: {0}', orDash(metricOf(test).value, formatShare))}</p>}
        </div>
        <div>
          <p class="muted">{method === 'full' ? t('Trained weights') : t('The file you share')}</p>
          <p class="headline figure">{formatBytes(files.adapterBytes)}</p>
          <p class="muted">
            {t('instead of {0} for a whole copy', formatBytes(files.baseBytes))}
            {files.adapterBytes > 0 && files.baseBytes > files.adapterBytes
              ? ` (${t('{0} times as much', timesText(files.baseBytes / files.adapterBytes))})`
              : ''}
          </p>
          <p class="muted">{t('{0} trained parameters', formatInteger(report.parameters.trainable))}</p>
        </div>
      </div>
      <div class="row">
        <Button look="primary" disabled={!trusted} onClick={go('try')}>
          {t('Try it')}
        </Button>
        <Button disabled={!trusted} onClick={go('export')}>
          {t('Export…')}
        </Button>
        <Button onClick={go('reveal')}>{t('Reveal')}</Button>
        <Button onClick={go('inspect')}>{t('Inspect')}</Button>
      </div>
    </Card>
  );
}

function timesText(factor: number): string {
  return factor < 100 ? String(Number(factor.toPrecision(3))) : String(Math.round(factor));
}
