/** Rank and alpha, and what they cost while they are moved: no message goes to the host before the slider is let go. */
import type { VNode } from 'preact';
import { RANK_STOPS, rankEdits } from '../../src/shared/advice.ts';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';
import { Slider } from '../ui/slider.tsx';
import { Checkbox, Link } from '../ui/toolkit.ts';
import { adviceText, fixText } from '../job/advice-text.ts';
import { act, advice, cost, linked, plan, sendEdits, setLinked, shown, sliding, texts } from './store.ts';

const ALPHA_STOPS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] as const;
const MAX_RANK = 4096;

export function RankCard(): VNode | null {
  const { value: job } = shown;
  if (job === null) return null;
  const { rank, alpha } = job.lora;
  return (
    <Card title={t('LoRA')}>
      {job.method === 'lora' ? (
        <>
          <Slider
            label={t('Rank')}
            value={rank}
            stops={RANK_STOPS}
            least={1}
            most={MAX_RANK}
            whole
            onInput={(value) => {
              sliding.value = { rank: value, alpha: linked.value ? 2 * value : alpha };
            }}
            onChange={(value) => {
              sendEdits(rankEdits(value, linked.value));
            }}
          />
          <Slider
            label={t('Alpha')}
            value={alpha}
            stops={ALPHA_STOPS}
            least={0.001}
            most={1_000_000}
            disabled={linked.value}
            onInput={(value) => {
              sliding.value = { rank, alpha: value };
            }}
            onChange={(value) => {
              sendEdits([{ path: ['lora', 'alpha'], value }]);
            }}
          >
            <Checkbox
              checked={linked.value}
              onChange={(now) => {
                setLinked(now);
                if (now) sendEdits([{ path: ['lora', 'alpha'], value: 2 * rank }]);
              }}
            >
              {t('twice the rank')}
            </Checkbox>
          </Slider>
        </>
      ) : (
        <p class="muted">
          {job.method === 'head'
            ? t('This job trains the head alone: there is no rank to choose.')
            : t('This job trains every weight: there is no rank to choose.')}
        </p>
      )}
      <CostLine />
      <AdviceList />
      <Link
        onClick={() => {
          act('open-job');
        }}
      >
        {t('More: layers, epochs, learning rate, augmentation…')}
      </Link>
    </Card>
  );
}

/** One line of figures, each with what it is; it keeps its room while a plan is made. */
export function CostLine(): VNode {
  const { value: figures } = texts;
  const { status, message } = plan.value;
  const waiting = status === 'planning' || status === 'none';
  const rows: readonly (readonly [string, string])[] = [
    [t('Trains'), figures === null ? '–' : t('{0} parameters, {1}', figures.trainable, figures.share)],
    [t('Saves'), figures === null ? '–' : t('{0} instead of {1}', figures.adapter, figures.fullCopy)],
    [t('Memory'), figures === null ? '–' : t('{0} of {1}', figures.memory, figures.machineMemory)],
    [t('Epoch'), figures === null ? '–' : t('about {0}', figures.epoch)],
  ];
  const over = cost.value !== null && cost.value.memoryBytes > (plan.value.result?.memory.total ?? Infinity);
  return (
    <>
      <dl class={waiting ? 'cost waiting' : 'cost'} aria-busy={status === 'planning'} data-testid="cost">
        {rows.map(([name, value]) => (
          <div key={name} class="cost-figure">
            <dt>{name}</dt>
            <dd class={over && name === t('Memory') ? 'figure over' : 'figure'}>{value}</dd>
          </div>
        ))}
      </dl>
      {status === 'failed' && (
        <Notice
          kind="error"
          actions={[
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
          ]}
        >
          {message}
        </Notice>
      )}
    </>
  );
}

function AdviceList(): VNode {
  const list = advice.value.filter(({ id }) => id !== 'toy-base');
  return (
    <div class="stack" aria-live="polite">
      {list.map((item) => (
        <Notice
          key={item.id}
          kind={item.id === 'memory-above-machine' ? 'warning' : 'info'}
          actions={
            item.fix === undefined
              ? []
              : [
                  {
                    label: fixText(item),
                    run: () => {
                      sendEdits(item.fix?.edits ?? []);
                    },
                  },
                ]
          }
        >
          {adviceText(item)}
        </Notice>
      ))}
    </div>
  );
}
