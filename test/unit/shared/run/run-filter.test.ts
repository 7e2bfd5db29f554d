import { expect, test } from 'vitest';
import { isFiltering, matchesFilter, NO_FILTER } from '../../../../src/shared/run/run-filter.ts';
import { rowOf } from './rows.ts';

test('without a filter every run is shown', () => {
  expect(isFiltering(NO_FILTER)).toBe(false);
  expect(isFiltering({ statuses: [], text: '  ' })).toBe(false);
  expect(matchesFilter(NO_FILTER, rowOf({}))).toBe(true);
});

test('by state', () => {
  const filter = { statuses: ['running', 'failed'], text: '' } as const;
  expect(isFiltering(filter)).toBe(true);
  expect(matchesFilter(filter, rowOf({ status: 'failed' }))).toBe(true);
  expect(matchesFilter(filter, rowOf({ status: 'finished' }))).toBe(false);
});

test('by words of name, dataset, base, method and rank, all of which must be there', () => {
  const run = rowOf({ name: 'Flowers', job: { base: 'hf:a/vit', lora: { rank: 8 } } });
  const shows = (text: string): boolean => matchesFilter({ statuses: [], text }, run);
  expect(['flow', 'VIT', 'data/pets', 'lora', 'r8', ' flowers  r8 '].map(shows)).not.toContain(false);
  expect(['dogs', 'flowers r16', 'flowers\nlora x'].map(shows)).not.toContain(true);
  // Another method has a rank in its job that means nothing.
  expect(matchesFilter({ statuses: [], text: 'r8' }, rowOf({ job: { method: 'head' } }))).toBe(false);
});
