/** The cost of a job as one line of figures, each with its name; it keeps its room while a plan is made. */
import type { VNode } from 'preact';
import type { Cost } from '../../src/shared/cost.ts';
import type { CostTexts } from '../../src/shared/cost-line.ts';
import type { PlanState } from '../../src/shared/protocol/job.ts';
import { t } from '../ui/l10n.ts';
import './cost-figures.css';

interface CostFiguresProps {
  readonly figures: CostTexts | null;
  readonly cost: Cost | null;
  readonly plan: PlanState;
}

export function CostFigures({ figures, cost, plan: { status, result } }: CostFiguresProps): VNode {
  const over = cost !== null && result !== null && cost.memoryBytes > result.memory.total;
  const rows = [
    {
      id: 'trains',
      name: t('Trains'),
      text: figures && t('{0} parameters, {1} of the model', figures.trainable, figures.share),
    },
    {
      id: 'saves',
      name: t('Saves'),
      text: figures && t('{0} instead of {1}', figures.adapter, figures.fullCopy),
      part: typeof figures?.head === 'string' ? t('head: {0}', figures.head) : null,
    },
    { id: 'memory', name: t('Memory'), text: figures && t('{0} of {1}', figures.memory, figures.machineMemory), over },
    { id: 'epoch', name: t('Epoch'), text: figures && t('about {0}', figures.epoch) },
  ];
  return (
    <dl class={status === 'ready' ? 'cost' : 'cost waiting'} aria-busy={status === 'planning'} data-testid="cost">
      {rows.map(({ id, name, text, over: tooMuch = false, part = null }) => (
        <div key={id} class="cost-figure">
          <dt>{name}</dt>
          <dd class={tooMuch ? 'figure over' : 'figure'} data-figure={id}>
            {text ?? (status === 'planning' ? '…' : '–')}
            {part !== null && (
              <>
                {' '}
                <span class="muted cost-part">· {part}</span>
              </>
            )}
          </dd>
        </div>
      ))}
    </dl>
  );
}
