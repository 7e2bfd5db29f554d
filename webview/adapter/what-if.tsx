/** What a lower rank would cost: size and error follow the slider, from the spectra alone. */
import type { VNode } from 'preact';
import { formatBytes, formatInteger, formatShare } from '../../src/shared/format.ts';
import type { InspectResult } from '../../src/shared/protocol/results.ts';
import { Bar } from '../ui/bar.tsx';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';
import { Slider } from '../ui/slider.tsx';
import { Button } from '../ui/toolkit.ts';
import { chosenRank, cut, highestRank, post, rank, state, stops } from './store.ts';
import { Task } from './task.tsx';

/** Below this an error is that of rounding: a layer whose rank was no higher is cut without loss. */
const ROUNDING = 1e-6;

export function WhatIfCard({ inspection }: { readonly inspection: InspectResult }): VNode {
  const { report, resizeObstacle } = inspection;
  const width = report.adapter.parameters === 0 ? 0 : report.adapter.bytes / report.adapter.parameters;
  const bytes = cut.value.parameters * width;
  const share = report.adapter.parameters === 0 ? 1 : cut.value.parameters / report.adapter.parameters;
  const error = cut.value.error < ROUNDING ? 0 : cut.value.error;
  const isLower = rank.value < highestRank.value;
  const work = state.value?.work ?? null;
  const choose = (value: number): void => {
    chosenRank.value = value;
  };
  return (
    <Card title={t('What if the rank were lower?')}>
      {highestRank.value > 1 ? (
        <Slider
          label={t('Rank')}
          value={rank.value}
          stops={stops.value}
          least={1}
          most={highestRank.value}
          whole
          onInput={choose}
          onChange={choose}
          help={t('Cut to the strongest directions of each layer (SVD). Layers of a lower rank stay as they are.')}
        />
      ) : (
        <p class="help">{t('Every layer has rank 1 already.')}</p>
      )}
      <dl class="parts figure" aria-live="polite">
        <dt>{t('Adapter')}</dt>
        <dd>
          <strong>{formatBytes(bytes)}</strong>{' '}
          <span class="muted">{t('{0} parameters', formatInteger(cut.value.parameters))}</span>
          <Bar share={share} />
        </dd>
        <dt>{t('Error')}</dt>
        <dd>
          <strong>{formatShare(error)}</strong> <span class="muted">{t('of what the adapter changes (‖ΔW‖)')}</span>
          <Bar share={error} />
        </dd>
      </dl>
      {resizeObstacle !== null && <Notice kind="info">{resizeObstacle}</Notice>}
      <div class="row">
        <Button
          disabled={!isLower || resizeObstacle !== null || work !== null}
          onClick={() => {
            post({ type: 'resize', rank: rank.value });
          }}
        >
          {t('Resize…')}
        </Button>
        <span class="help">
          {isLower ? t('Writes a new adapter; this one stays.') : t('Choose a rank below {0}.', highestRank.value)}
        </span>
      </div>
      <Task what="resize" label={t('Resizing')} />
    </Card>
  );
}
