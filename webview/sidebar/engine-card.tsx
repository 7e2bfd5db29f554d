/** On what the job runs, in one line that opens to the choice. */
import '../engines/engines.css';
import type { VNode } from 'preact';
import { EngineChoice } from '../engines/engine-choice.tsx';
import { Card, Details } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { job, plan, send, sendEdits, state } from './store.ts';

export function EngineCard(): VNode | null {
  const engines = state.value?.engines;
  const { value: shown } = job.shown;
  if (engines === undefined || shown === null) return null;
  const setup = plan.value.status === 'ready' ? plan.value.result?.plan.setup.engine : undefined;
  const chosen = shown.engine === 'auto' ? t('automatic') : shown.engine;
  return (
    <Card title={t('Engine')}>
      <Details summary={setup === undefined || shown.engine !== 'auto' ? chosen : `${chosen}: ${setup.name}`}>
        <EngineChoice engines={engines} job={shown} setup={setup} onEdit={sendEdits} onPack={send} />
      </Details>
    </Card>
  );
}
