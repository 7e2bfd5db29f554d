import { expect, test } from 'vitest';
import type { SideBySide } from '../../../src/shared/protocol/results.ts';
import { baseScoreOf } from '../../../src/shared/side-by-side.ts';

const image = (truth: string | null, seen: string | null): SideBySide => ({
  file: 'a.png',
  thumbnail: null,
  reason: null,
  truth,
  adapter: [],
  base: seen === null ? null : [{ label: seen, probability: 1 }],
});

test('the base is judged only by classes that it has', () => {
  const images = [image('cat', 'cat'), image('cat', 'dog'), image('gnu', 'dog'), image(null, 'cat')];
  expect(baseScoreOf(images, ['cat', 'dog'])).toEqual({ right: 1, images: 2 });
  expect(baseScoreOf(images, ['tench'])).toBeNull();
  expect(baseScoreOf([image('cat', null)], null)).toBeNull();
});
