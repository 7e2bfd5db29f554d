/**
 * A sortable table by ARIA's grid pattern: one tab stop, arrows move from cell to cell, Enter sorts by a head or opens a row. Only the
 * rows in sight are drawn, below a head that stays.
 */
import type { ComponentChildren, VNode } from 'preact';
import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { cellAfter, type CellPosition, sortRows, type SortOrder } from './table-rows.ts';
import { useWindow } from './use-window.ts';

export interface TableColumn<Row> {
  readonly id: string;
  readonly title: string;
  readonly cell: (row: Row) => ComponentChildren;
  /** What the column is sorted by; null comes last either way. Without it, it is not sortable. */
  readonly sortBy?: (row: Row) => number | string | null;
  readonly numeric?: boolean;
  /** The least width, in em. */
  readonly width: number;
  /** Its part of the room that is left over; 1 unless told. */
  readonly grow?: number;
}

interface TableProps<Row> {
  readonly label: string;
  readonly columns: readonly TableColumn<Row>[];
  readonly rows: readonly Row[];
  readonly keyOf: (row: Row) => string;
  /** Enter or a click. */
  readonly onOpen?: (row: Row) => void;
  readonly initialSort?: SortOrder;
  /** How many rows are in sight before it scrolls. */
  readonly visibleRows?: number;
  /** Said in the place of the rows where there are none. */
  readonly empty?: string;
}

const ROW = 26;

export function VirtualTable<Row>(props: TableProps<Row>): VNode {
  const { label, columns, rows, keyOf, onOpen, initialSort, visibleRows = 15, empty } = props;
  const [order, setOrder] = useState<SortOrder | undefined>(initialSort);
  const [active, setActive] = useState<CellPosition>({ row: -1, column: 0 });
  const focusNext = useRef(false);
  const sorted = useMemo(() => sortRows(rows, columns, order), [rows, columns, order]);
  const { scroller, first, end, reveal } = useWindow(sorted.length, ROW, ROW);
  const tracks = {
    gridTemplateColumns: columns.map(({ width, grow = 1 }) => `minmax(${width}em, ${grow}fr)`).join(' '),
    minWidth: `${columns.reduce((sum, { width }) => sum + width, 0)}em`,
  };
  const at = { row: Math.min(active.row, sorted.length - 1), column: Math.min(active.column, columns.length - 1) };

  useEffect(() => {
    if (!focusNext.current) return;
    focusNext.current = false;
    scroller.current?.querySelector<HTMLElement>('[tabindex="0"]')?.focus({ preventScroll: true });
  });

  const sortBy = ({ id, sortBy: by }: TableColumn<Row>): void => {
    if (by === undefined) return;
    setOrder((before) => ({ column: id, descending: before?.column === id && !before.descending }));
  };
  const keyed = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const next = cellAfter(event.key, at, { rows: sorted.length, columns: columns.length, page: visibleRows - 1 });
    if (next !== undefined) {
      focusNext.current = true;
      setActive(next);
      if (next.row >= 0) reveal(next.row);
    } else if (event.key === 'Enter' || event.key === ' ') {
      const row = sorted[at.row];
      if (at.row < 0) sortBy(columns[at.column]!);
      else if (row !== undefined) onOpen?.(row);
    } else return;
    event.preventDefault();
  };
  const tabIndexOf = (row: number, column: number): number => (row === at.row && column === at.column ? 0 : -1);

  const drawRow = (row: Row, index: number): VNode => (
    <div
      key={keyOf(row)}
      role="row"
      class={onOpen === undefined ? 'table-row' : 'table-row table-opens'}
      aria-rowindex={index + 2}
      style={{ ...tracks, top: `${index * ROW}px` }}
      onClick={() => {
        setActive({ row: index, column: at.column });
        onOpen?.(row);
      }}
    >
      {columns.map((column, position) => (
        <div
          key={column.id}
          role="gridcell"
          class={column.numeric === true ? 'numeric' : undefined}
          aria-colindex={position + 1}
          tabIndex={tabIndexOf(index, position)}
        >
          {column.cell(row)}
        </div>
      ))}
    </div>
  );

  return (
    <div
      class="table"
      ref={scroller}
      role="grid"
      aria-label={label}
      aria-rowcount={sorted.length + 1}
      aria-colcount={columns.length}
      onKeyDown={keyed}
      style={{ maxHeight: `${(visibleRows + 1) * ROW}px` }}
    >
      <div role="row" class="table-head" aria-rowindex={1} style={tracks}>
        {columns.map((column, position) => (
          <div
            key={column.id}
            role="columnheader"
            class={column.numeric === true ? 'numeric' : undefined}
            aria-colindex={position + 1}
            aria-sort={order?.column !== column.id ? undefined : order.descending ? 'descending' : 'ascending'}
            tabIndex={tabIndexOf(-1, position)}
            onClick={() => {
              setActive({ row: -1, column: position });
              sortBy(column);
            }}
          >
            <span>{column.title}</span>
            <span aria-hidden="true">{order?.column !== column.id ? '' : order.descending ? ' ↓' : ' ↑'}</span>
          </div>
        ))}
      </div>
      <div role="rowgroup" class="table-body" style={{ height: `${sorted.length * ROW}px`, minWidth: tracks.minWidth }}>
        {sorted.map((row, index) => ((index >= first && index < end) || index === at.row ? drawRow(row, index) : null))}
      </div>
      {sorted.length === 0 && empty !== undefined && <p class="help">{empty}</p>}
    </div>
  );
}
