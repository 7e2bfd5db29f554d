import { expect, test } from 'vitest';
import { countLabels, judgeBoxes } from '../../../src/shared/boxes.ts';
import type { ShownBox } from '../../../src/shared/protocol/results.ts';

/** A tenth of the picture high, from `left` to `right` tenths. */
const box = (label: string, left: number, right: number): ShownBox => ({ label, box: [left / 10, 0, right / 10, 0.1] });

test('a box is right where one of its class lies under at least half of both', () => {
  // Shared over joined: 2/3, 1/5, 3/3 of another class.
  const found = [box('cat', 1, 3), box('cat', 4, 8), box('dog', 0, 3)];
  expect(judgeBoxes([box('cat', 0, 3), box('cat', 7, 9)], found)).toEqual({
    right: [true, false, false],
    found: [true, false],
  });
});

test('a box that a surer one has taken is found once', () => {
  const there = [box('cat', 0, 4)];
  expect(judgeBoxes(there, [box('cat', 0, 4), box('cat', 0, 4)])).toEqual({ right: [true, false], found: [true] });
});

test('of several the one that overlaps most is taken', () => {
  const there = [box('cat', 0, 6), box('cat', 1, 6)];
  expect(judgeBoxes(there, [box('cat', 1, 6)])).toEqual({ right: [true], found: [false, true] });
});

test('labels are counted, the commonest first', () => {
  expect(countLabels([box('dog', 0, 1), box('cat', 0, 1), box('cat', 2, 3)])).toBe('2 × cat, dog');
  expect(countLabels([])).toBe('');
});
