/** Rank and alpha, and what they cost while they are moved: no message goes to the host before the slider is let go. */
import type { VNode } from 'preact';
import { AdviceList } from '../job/advice-list.tsx';
import { CostFigures } from '../job/cost-figures.tsx';
import { RankSliders } from '../job/rank-sliders.tsx';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';
import { Link } from '../ui/toolkit.ts';
import { act, advice, job, plan, sendEdits, setLinked } from './store.ts';

export function RankCard(): VNode | null {
  const { value: shown } = job.shown;
  if (shown === null) return null;
  return (
    <Card title={t('LoRA')}>
      {shown.method === 'lora' ? (
        <RankSliders signals={job} onEdit={sendEdits} onLink={setLinked} />
      ) : (
        <p class="muted">
          {shown.method === 'head'
            ? t('This job trains the head alone: there is no rank to choose.')
            : t('This job trains every weight: there is no rank to choose.')}
        </p>
      )}
      <CostFigures figures={job.texts.value} cost={job.cost.value} plan={plan.value} />
      {plan.value.status === 'failed' && <Failed />}
      <AdviceList advice={advice.value.filter(({ id }) => id !== 'toy-base')} onEdit={sendEdits} />
      <Link
        onClick={() => {
          act('open-job');
        }}
      >
        {t('More: layers, epochs, learning rate, augmentation…')}
      </Link>
      <Link
        onClick={() => {
          act('save-job');
        }}
      >
        {t('Save job…')}
      </Link>
    </Card>
  );
}

function Failed(): VNode {
  const actions = [
    {
      label: t('Try again'),
      run: () => {
        act('plan-again');
      },
    },
    {
      label: t('Show log'),
      run: () => {
        act('show-log');
      },
    },
  ];
  return (
    <Notice kind="error" actions={actions}>
      {plan.value.message}
    </Notice>
  );
}
