/** Rank and alpha, alpha linked to twice the rank until it is unlinked. */
import type { VNode } from 'preact';
import { RANK_STOPS, rankEdits } from '../../src/shared/advice.ts';
import type { JobEdit } from '../../src/shared/draft.ts';
import { t } from '../ui/l10n.ts';
import { Slider } from '../ui/slider.tsx';
import { Checkbox } from '../ui/toolkit.ts';
import type { JobSignals } from './job-signals.ts';

const ALPHA_STOPS = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512] as const;
const MAX_RANK = 4096;
const MAX_ALPHA = 1_000_000;

interface RankSlidersProps {
  readonly signals: JobSignals;
  readonly onEdit: (edits: readonly JobEdit[]) => void;
  readonly onLink: (linked: boolean) => void;
  /** With a sentence for each. */
  readonly explained?: boolean;
}

export function RankSliders({ signals, onEdit, onLink, explained = false }: RankSlidersProps): VNode | null {
  const { value: job } = signals.shown;
  const { value: linked } = signals.linked;
  if (job === null) return null;
  const { rank, alpha } = job.lora;
  const rankHelp = t('The size of the two small matrices. More can learn more, and costs more.');
  const alphaHelp = t('How strongly the adapter counts: it is multiplied by alpha / rank.');
  return (
    <div class="sliders">
      <Slider
        label={t('Rank')}
        value={rank}
        stops={RANK_STOPS}
        least={1}
        most={MAX_RANK}
        whole
        {...(explained && { help: rankHelp })}
        onInput={(value) => {
          signals.slide({ rank: value, alpha: linked ? 2 * value : alpha });
        }}
        onChange={(value) => {
          onEdit(rankEdits(value, linked));
        }}
      />
      <Slider
        label={t('Alpha')}
        value={alpha}
        stops={ALPHA_STOPS}
        least={0.001}
        most={MAX_ALPHA}
        disabled={linked}
        {...(explained && { help: alphaHelp })}
        onInput={(value) => {
          signals.slide({ rank, alpha: value });
        }}
        onChange={(value) => {
          onEdit([{ path: ['lora', 'alpha'], value }]);
        }}
      >
        <Checkbox
          checked={linked}
          onChange={(now) => {
            onLink(now);
            if (now && alpha !== 2 * rank) onEdit([{ path: ['lora', 'alpha'], value: 2 * rank }]);
          }}
        >
          {t('twice the rank')}
        </Checkbox>
      </Slider>
    </div>
  );
}
