/** "1.2 MB instead of 343 MB": adapter and head against a whole copy, both in the dtype of the file. */
import type { VNode } from 'preact';
import { savingsOf } from '../../src/shared/adapter-table.ts';
import { formatBytes, formatInteger, formatShare } from '../../src/shared/format.ts';
import type { InspectResult } from '../../src/shared/protocol/results.ts';
import { Bar } from '../ui/bar.tsx';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';
import { Link } from '../ui/toolkit.ts';
import { post } from './store.ts';

interface HeadlineProps {
  readonly inspection: InspectResult;
  readonly locatedBase: string | null;
  readonly reading: boolean;
}

export function Headline({ inspection, locatedBase, reading }: HeadlineProps): VNode {
  const { report, base } = inspection;
  const savings = savingsOf(report);
  const instead = savings.fullBytes === null ? '–' : formatBytes(savings.fullBytes);
  return (
    <Card title={t('Size')} busy={reading}>
      <p class="headline figure">
        <strong>{formatBytes(savings.bytes)}</strong> <span class="muted">{t('instead of')}</span>{' '}
        <strong>{instead}</strong>
      </p>
      {savings.share !== null && savings.factor !== null && (
        <>
          <div class="saving">
            <Bar share={savings.share} />
          </div>
          <p class="muted figure">
            {t(
              '{0} of a whole fine-tuned copy: {1} adapters take the space of one. Both in {2}, file headers apart.',
              formatShare(savings.share),
              savings.factor.toPrecision(3),
              report.dtype,
            )}
          </p>
        </>
      )}
      <dl class="parts figure">
        <dt>{t('Adapter')}</dt>
        <dd>
          {formatBytes(report.adapter.bytes)} <span class="muted">{parametersOf(report.adapter.parameters)}</span>
        </dd>
        <dt>{t('Head, trained whole')}</dt>
        <dd>
          {report.saved.parameters === 0 ? (
            <span class="muted">{t('none: that of the base is used')}</span>
          ) : (
            <>
              {formatBytes(report.saved.bytes)} <span class="muted">{parametersOf(report.saved.parameters)}</span>
            </>
          )}
        </dd>
        <dt>{t('Base')}</dt>
        <dd>
          <BaseName inspection={inspection} locatedBase={locatedBase} />
        </dd>
        {report.relativeDelta !== undefined && (
          <>
            <dt>‖ΔW‖ / ‖W‖</dt>
            <dd>
              {report.relativeDelta.toPrecision(3)} <span class="muted">{t('over the adapted layers')}</span>
            </dd>
          </>
        )}
      </dl>
      {base.problem !== null && (
        <Notice kind="warning" actions={[{ label: t('Locate Base…'), run: locate }]}>
          {t('The base is not at hand, so there is nothing to compare with: {0}', base.problem)}
        </Notice>
      )}
    </Card>
  );
}

function BaseName({ inspection: { base }, locatedBase }: Pick<HeadlineProps, 'inspection' | 'locatedBase'>): VNode {
  return (
    <span class="row">
      <span>
        {base.name ?? '–'} {base.architecture !== null && <span class="muted">{base.architecture}</span>}
      </span>
      {locatedBase !== null && (
        <>
          <span class="muted">{t('located by you')}</span>
          <Link onClick={locate}>{t('Change…')}</Link>
          <Link
            onClick={() => {
              post({ type: 'forget-base' });
            }}
          >
            {t('Forget')}
          </Link>
        </>
      )}
    </span>
  );
}

function locate(): void {
  post({ type: 'locate-base' });
}

function parametersOf(count: number): string {
  return t('{0} parameters', formatInteger(count));
}
