/** The layers of the adapter: sizes, how much of their rank they use, how much they change, and what the chosen rank would cost each. */
import { useComputed } from '@preact/signals';
import type { VNode } from 'preact';
import { useMemo } from 'preact/hooks';
import type { AdapterReport, LayerReport } from '../../src/shared/adapter-report.ts';
import { deltaOf, matchingLayers, type Scales, scalesOf } from '../../src/shared/adapter-table.ts';
import { formatBytes, formatInteger, formatShare, oneOrMany } from '../../src/shared/format.ts';
import { Bar } from '../ui/bar.tsx';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { type TableColumn, VirtualTable } from '../ui/virtual-table.tsx';
import { cut, query, rank } from './store.ts';

export function Layers({ report }: { readonly report: AdapterReport }): VNode {
  const { layers } = report;
  const scales = useMemo(() => scalesOf(layers), [layers]);
  const rows = useMemo(() => matchingLayers(layers, query.value), [layers, query.value]);
  const errors = useComputed(() => new Map(cut.value.layers.map(({ module, error }) => [module, error])));
  const columns = useMemo(
    () => [...columnsOf(scales, layers), errorColumn(rank.value, errors.value)],
    [scales, layers, errors.value],
  );
  const count =
    rows.length === layers.length
      ? oneOrMany(layers.length, t('1 layer'), t('{0} layers', formatInteger(layers.length)))
      : t('{0} of {1} layers', formatInteger(rows.length), formatInteger(layers.length));
  return (
    <Card
      title={t('Layers')}
      actions={
        <span class="muted figure" role="status">
          {count}
        </span>
      }
    >
      <input
        class="field-input wide"
        type="search"
        aria-label={t('Search layers')}
        placeholder={t('Search layers, for instance: 11 q_proj')}
        value={query.value}
        onInput={(event) => {
          query.value = event.currentTarget.value;
        }}
      />
      <VirtualTable
        label={t('Layers of the adapter')}
        columns={columns}
        rows={rows}
        keyOf={({ module }) => module}
        visibleRows={12}
        empty={t('No layer has these words in its path.')}
      />
    </Card>
  );
}

function columnsOf(scales: Scales, layers: readonly LayerReport[]): TableColumn<LayerReport>[] {
  const isRelative = layers.some(({ relativeDelta }) => relativeDelta !== undefined);
  const numeric = true;
  return [
    {
      id: 'module',
      title: t('Layer'),
      cell: ({ module }) => <span title={module}>{module}</span>,
      sortBy: ({ module }) => module,
      width: 14,
      grow: 4,
    },
    { id: 'kind', title: t('Kind'), cell: ({ kind }) => kind, sortBy: ({ kind }) => kind, width: 5 },
    { id: 'rank', title: t('Rank'), cell: (layer) => layer.rank, sortBy: (layer) => layer.rank, numeric, width: 4.5 },
    {
      id: 'alpha',
      title: t('Alpha'),
      cell: ({ alpha, scale }) => <span title={t('scale {0}', short(scale))}>{short(alpha)}</span>,
      sortBy: ({ alpha }) => alpha,
      numeric,
      width: 5,
    },
    {
      id: 'parameters',
      title: t('Parameters'),
      cell: ({ parameters }) => barred(formatInteger(parameters), parameters / scales.parameters),
      sortBy: ({ parameters }) => parameters,
      numeric,
      width: 8,
    },
    {
      id: 'bytes',
      title: t('Size'),
      cell: ({ bytes }) => formatBytes(bytes),
      sortBy: ({ bytes }) => bytes,
      numeric,
      width: 5.5,
    },
    {
      id: 'share',
      title: t('Of layer'),
      cell: ({ share }) => barred(formatShare(share), share / scales.share),
      sortBy: ({ share }) => share,
      numeric,
      width: 6.5,
    },
    {
      id: 'effective',
      title: t('Effective rank'),
      cell: (layer) =>
        layer.effectiveRank === null ? '–' : barred(layer.effectiveRank.toFixed(2), layer.effectiveRank / layer.rank),
      sortBy: ({ effectiveRank }) => effectiveRank,
      numeric,
      width: 9.5,
    },
    {
      id: 'delta',
      title: isRelative ? '‖ΔW‖/‖W‖' : '‖ΔW‖',
      cell: (layer) => {
        const delta = deltaOf(layer);
        return delta === null ? '–' : barred(delta.toPrecision(3), delta / scales.delta);
      },
      sortBy: deltaOf,
      numeric,
      width: 7.5,
    },
  ];
}

function errorColumn(atRank: number, errors: ReadonlyMap<string, number>): TableColumn<LayerReport> {
  return {
    id: 'error',
    title: t('Error at {0}', atRank),
    cell: ({ module }) => barred(formatShare(errors.get(module) ?? 0), errors.get(module) ?? 0),
    sortBy: ({ module }) => errors.get(module) ?? 0,
    numeric: true,
    width: 8,
  };
}

/** A number with its bar below: the bar repeats it for the eye alone. */
function barred(text: string, share: number): VNode {
  return (
    <span class="barred">
      <span>{text}</span>
      <Bar share={share} />
    </span>
  );
}

function short(value: number): string {
  return String(Number(value.toPrecision(4)));
}
