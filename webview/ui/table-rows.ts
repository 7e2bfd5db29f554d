/** Sorting and moving in a table. Pure. */

export interface SortOrder {
  readonly column: string;
  readonly descending: boolean;
}

interface Sortable<Row> {
  readonly id: string;
  readonly sortBy?: (row: Row) => number | string | null;
}

/** Stable; numbers by value, texts as people order them (`layer 2` before `layer 10`), null last either way. */
export function sortRows<Row>(
  rows: readonly Row[],
  columns: readonly Sortable<Row>[],
  order: SortOrder | undefined,
): readonly Row[] {
  const by = columns.find(({ id }) => id === order?.column)?.sortBy;
  if (by === undefined || order === undefined) return rows;
  const collator = new Intl.Collator(undefined, { numeric: true });
  const sign = order.descending ? -1 : 1;
  return rows
    .map((row) => ({ row, key: by(row) }))
    .sort((a, b) => {
      if (a.key === null || b.key === null) return Number(a.key === null) - Number(b.key === null);
      const difference =
        typeof a.key === 'number' && typeof b.key === 'number'
          ? a.key - b.key
          : collator.compare(String(a.key), String(b.key));
      return sign * difference;
    })
    .map(({ row }) => row);
}

/** Row −1 is the head. */
export interface CellPosition {
  readonly row: number;
  readonly column: number;
}

/** Undefined where the key moves nothing. */
export function cellAfter(
  key: string,
  { row, column }: CellPosition,
  size: { readonly rows: number; readonly columns: number; readonly page: number },
): CellPosition | undefined {
  const at = (to: number, across: number): CellPosition => ({
    row: Math.min(size.rows - 1, Math.max(-1, to)),
    column: Math.min(size.columns - 1, Math.max(0, across)),
  });
  switch (key) {
    case 'ArrowDown':
      return at(row + 1, column);
    case 'ArrowUp':
      return at(row - 1, column);
    case 'ArrowLeft':
      return at(row, column - 1);
    case 'ArrowRight':
      return at(row, column + 1);
    case 'PageDown':
      return at(row + size.page, column);
    case 'PageUp':
      return at(row - size.page, column);
    case 'Home':
      return at(row, 0);
    case 'End':
      return at(row, size.columns - 1);
    default:
      return undefined;
  }
}
