/** The pure halves of slider, tree and table. */
import { expect, test } from 'vitest';
import { nearestStop, numberIn } from '../../../webview/ui/slider-stops.ts';
import { cellAfter, sortRows } from '../../../webview/ui/table-rows.ts';
import { findTyped, moveBy, rowsOf } from '../../../webview/ui/tree-rows.ts';

test('the stop nearest by ratio', () => {
  const stops = [1, 2, 4, 8, 16];
  expect([1, 3, 5, 7, 100, 0.1].map((value) => stops[nearestStop(stops, value)])).toEqual([1, 4, 4, 8, 16, 1]);
});

test('numbers are read with a point or a comma and held to their bounds', () => {
  const bounds = { least: 1, most: 256, whole: true };
  expect(['12', ' 7 ', '0', '257', '2.5', '', 'x', '1e2'].map((text) => numberIn(text, bounds))).toEqual([
    12,
    7,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    100,
  ]);
  expect(numberIn('0,5', { least: 0, most: 1, whole: false })).toBe(0.5);
});

const NODES = [
  {
    id: 'a',
    label: 'attention',
    children: [
      { id: 'a1', label: 'query' },
      { id: 'a2', label: 'value' },
    ],
  },
  { id: 'b', label: 'bias' },
];

test('only what is expanded is in sight, with the places that ARIA asks for', () => {
  expect(rowsOf(NODES, new Set()).map(({ node }) => node.id)).toEqual(['a', 'b']);
  const rows = rowsOf(NODES, new Set(['a']));
  expect(
    rows.map(({ node, level, position, siblings, expanded }) => [node.id, level, position, siblings, expanded]),
  ).toEqual([
    ['a', 1, 1, 2, true],
    ['a1', 2, 1, 2, undefined],
    ['a2', 2, 2, 2, undefined],
    ['b', 1, 2, 2, undefined],
  ]);
});

test('arrows go through a tree, open and close it', () => {
  const closed = rowsOf(NODES, new Set());
  const open = rowsOf(NODES, new Set(['a']));
  expect(moveBy('ArrowRight', closed, 0)).toEqual({ open: 'a' });
  expect(moveBy('ArrowRight', open, 0)).toEqual({ to: 'a1' });
  expect(moveBy('ArrowLeft', open, 2)).toEqual({ to: 'a' });
  expect(moveBy('ArrowLeft', open, 0)).toEqual({ close: 'a' });
  expect(moveBy('ArrowDown', open, 3)).toEqual({ to: 'b' });
  expect(moveBy('End', open, 0)).toEqual({ to: 'b' });
  expect(moveBy('x', open, 0)).toBeUndefined();
  expect(moveBy('ArrowDown', [], 0)).toBeUndefined();
});

test('letters find the next row that begins with them', () => {
  const rows = rowsOf(NODES, new Set(['a']));
  expect(findTyped('v', rows, 0)).toBe('a2');
  expect(findTyped('a', rows, 3)).toBe('a');
  expect(findTyped('at', rows, 0)).toBe('a');
  expect(findTyped('z', rows, 0)).toBeUndefined();
});

test('rows are sorted by value, names as people order them, unknown values last', () => {
  const columns = [{ id: 'x', sortBy: ({ x }: { x: number | string | null }) => x }];
  const sorted = (values: (number | string | null)[], descending: boolean) =>
    sortRows(
      values.map((x) => ({ x })),
      columns,
      { column: 'x', descending },
    ).map(({ x }) => x);
  expect(sorted([3, null, 1, 2], false)).toEqual([1, 2, 3, null]);
  expect(sorted([3, null, 1, 2], true)).toEqual([3, 2, 1, null]);
  expect(sorted(['layer 10', 'layer 2'], false)).toEqual(['layer 2', 'layer 10']);
});

test('keys move between the cells of a table and stop at its edges', () => {
  const size = { rows: 3, columns: 2, page: 2 };
  expect(cellAfter('ArrowUp', { row: 0, column: 1 }, size)).toEqual({ row: -1, column: 1 });
  expect(cellAfter('PageDown', { row: 1, column: 0 }, size)).toEqual({ row: 2, column: 0 });
  expect(cellAfter('ArrowRight', { row: 1, column: 1 }, size)).toEqual({ row: 1, column: 1 });
  expect(cellAfter('a', { row: 1, column: 1 }, size)).toBeUndefined();
});
