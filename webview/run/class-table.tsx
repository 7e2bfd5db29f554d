/** How well a detector finds each class: a table to sort, the worst first. */
import type { VNode } from 'preact';
import { formatInteger, formatShare } from '../../src/shared/format.ts';
import type { ClassScore } from '../../src/shared/protocol/run.ts';
import type { DetectionScore } from '../../src/shared/run/events.ts';
import { Card } from '../ui/card.tsx';
import { t } from '../ui/l10n.ts';
import { type TableColumn, VirtualTable } from '../ui/virtual-table.tsx';
import { metricTitles } from './metric-titles.ts';

/** A dozen rows, then it scrolls. */
const MAX_VISIBLE = 12;

export function ClassTable({ classes }: { readonly classes: readonly ClassScore[] }): VNode | null {
  if (classes.length === 0) return null;
  return (
    <Card title={metricTitles('mAP50-95').classes}>
      <VirtualTable
        label={metricTitles('mAP50-95').classes}
        columns={columns()}
        rows={classes}
        keyOf={({ name }) => name}
        visibleRows={Math.min(classes.length, MAX_VISIBLE)}
      />
    </Card>
  );
}

function columns(): readonly TableColumn<ClassScore>[] {
  const share = (id: string, title: string, of: (score: DetectionScore) => number): TableColumn<ClassScore> => ({
    id,
    title,
    cell: ({ detection }) => (detection === null ? '–' : formatShare(of(detection))),
    sortBy: ({ detection }) => (detection === null ? null : of(detection)),
    numeric: true,
    width: 6,
  });
  return [
    { id: 'class', title: t('Class'), cell: ({ name }) => name, sortBy: ({ name }) => name, width: 10, grow: 3 },
    {
      id: 'images',
      title: t('Images'),
      cell: ({ images }) => formatInteger(images),
      sortBy: ({ images }) => images,
      numeric: true,
      width: 5,
    },
    share('precision', t('Precision'), ({ precision }) => precision),
    share('recall', t('Recall'), ({ recall }) => recall),
    share('map50', 'mAP50', ({ map50 }) => map50),
    share('map', 'mAP50-95', ({ map }) => map),
  ];
}
