/** The layers that get an adapter, with what each of them costs. */
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import { formatCount, formatInteger, formatShare } from '../../src/shared/format.ts';
import { type LayerCost, stripOf } from '../../src/shared/layer-costs.ts';
import { targetTree, toggleTarget } from '../../src/shared/target-tree.ts';
import { Details, Skeleton } from '../ui/card.tsx';
import { faultText } from '../ui/fault.ts';
import { t } from '../ui/l10n.ts';
import { Notice } from '../ui/notice.tsx';
import { Tree } from '../ui/tree.tsx';
import { type TableColumn, VirtualTable } from '../ui/virtual-table.tsx';
import { job, layers, plan, sendEdits, targets } from './store.ts';

export function TargetModules(): VNode {
  const { result, status } = plan.value;
  const { value: chosen } = targets;
  const modules = result?.modules;
  const nodes = useMemo(
    () =>
      targetTree(modules ?? [], chosen, {
        count: (some, all) => t('{0} of {1}', formatInteger(some), formatInteger(all)),
        size: ({ shape, parameters }) => `${shape.join('×')}, ${formatCount(parameters)}`,
      }),
    [modules, chosen],
  );
  if (modules === undefined)
    return status === 'planning' ? (
      <Skeleton lines={5} />
    ) : (
      <p class="muted">{t('The layers of the base are listed when dataset and base are known.')}</p>
    );
  return (
    <div class="stack">
      <div class="field-label">
        {t('Layers that get an adapter: {0} of {1}', formatInteger(chosen.size), formatInteger(modules.length))}
      </div>
      <Tree
        label={t('Layers that get an adapter')}
        nodes={nodes}
        onToggle={({ id }) => {
          const edits = toggleTarget(id, modules, chosen);
          if (edits === undefined) faultText.value = t('At least one layer must get an adapter.');
          else sendEdits(edits);
        }}
      />
    </div>
  );
}

/** More bars are no wider than a pixel. */
const MAX_BARS = 160;

export function LayerStrip(): VNode | null {
  const { value: all } = layers;
  if (all.length === 0) return null;
  const bars = stripOf(all, MAX_BARS);
  const most = Math.max(...bars.map(({ parameters }) => parameters));
  const total = all.reduce((sum, { parameters }) => sum + parameters, 0);
  return (
    <div class="stack">
      <div class="field-label">{t('Trained parameters by layer')}</div>
      <div
        class="strip"
        role="img"
        aria-label={t(
          '{0} layers, {1} parameters in all; the table below has each',
          formatInteger(all.length),
          formatInteger(total),
        )}
      >
        {bars.map(({ first, layers: count, parameters }) => (
          <span
            key={first}
            class="strip-bar"
            title={`${count > 1 ? t('{0} and {1} more', first, String(count - 1)) : first}: ${formatInteger(parameters)}`}
            style={{ height: `${(100 * parameters) / most}%` }}
          />
        ))}
      </div>
      <Details summary={t('Each layer')}>
        <VirtualTable
          label={t('Trained parameters by layer')}
          columns={layerColumns()}
          rows={all}
          keyOf={({ path }) => path}
          visibleRows={10}
        />
      </Details>
    </div>
  );
}

function layerColumns(): readonly TableColumn<LayerCost>[] {
  return [
    { id: 'layer', title: t('Layer'), cell: ({ path }) => path, sortBy: ({ path }) => path, width: 16, grow: 4 },
    { id: 'rank', title: t('Rank'), cell: ({ rank }) => rank, sortBy: ({ rank }) => rank, numeric: true, width: 5 },
    {
      id: 'parameters',
      title: t('Parameters'),
      cell: ({ parameters }) => formatInteger(parameters),
      sortBy: ({ parameters }) => parameters,
      numeric: true,
      width: 8,
    },
    {
      id: 'share',
      title: t('Of the layer'),
      cell: ({ share }) => formatShare(share),
      sortBy: ({ share }) => share,
      numeric: true,
      width: 8,
    },
  ];
}

/** Single modules with a rank or an alpha of their own are written as text: they are names and patterns. */
export function Patterns(): VNode | null {
  const { value: shown } = job.shown;
  if (shown === null) return null;
  const { rankPattern, alphaPattern, layersToTransform } = shown.lora;
  const lines = [
    ...Object.entries(rankPattern).map(([key, value]) => t('{0}: rank {1}', key, String(value))),
    ...Object.entries(alphaPattern).map(([key, value]) => t('{0}: alpha {1}', key, String(value))),
    ...(layersToTransform === null ? [] : [t('only blocks {0}', layersToTransform.join(', '))]),
  ];
  if (lines.length === 0) return null;
  return (
    <Notice kind="info">
      <p>{t('Also set in the text of the job:')}</p>
      <ul>
        {lines.map((line) => (
          <li key={line}>{line}</li>
        ))}
      </ul>
    </Notice>
  );
}
