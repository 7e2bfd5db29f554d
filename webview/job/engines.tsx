/** On what the job runs, in the form. */
import '../engines/engines.css';
import type { VNode } from 'preact';
import { EngineChoice } from '../engines/engine-choice.tsx';
import { PackOffer, PackProgress } from '../engines/packs.tsx';
import { job, plan, send, sendEdits, state } from './store.ts';

export function Engines(): VNode | null {
  const engines = state.value?.engines;
  const { value: shown } = job.shown;
  if (engines === undefined || shown === null) return null;
  const setup = plan.value.status === 'ready' ? plan.value.result?.plan.setup.engine : undefined;
  return (
    <div class="stack">
      <PackOffer engines={engines} onPack={send} />
      <PackProgress work={engines.work} onPack={send} />
      <EngineChoice engines={engines} job={shown} setup={setup} onEdit={sendEdits} onPack={send} />
    </div>
  );
}
