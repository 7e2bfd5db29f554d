import { expect, it } from 'vitest';
import { editDistance, nearestNames } from '../../../src/shared/nearest-names.ts';

it.each([
  ['', '', 0],
  ['', 'abc', 3],
  ['kitten', 'sitting', 3],
  ['q_porj', 'q_proj', 1],
  ['ca', 'abc', 3],
])('counts the edits from %j to %j', (a, b, edits) => {
  expect(editDistance(a, b)).toBe(edits);
  expect(editDistance(b, a)).toBe(edits);
});

it('offers what is near, nearest first, at most three, and nothing far', () => {
  const names = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'fc1', 'q_proj'];
  expect(nearestNames('q_poj', names)[0]).toBe('q_proj');
  expect(nearestNames('q_poj', names)).toHaveLength(3);
  expect(nearestNames('FC1', names)[0]).toBe('fc1');
  expect(nearestNames('embedding', names)).toEqual([]);
});
