import { expect, test } from 'vitest';
import { withoutPaths } from '../../../src/shared/without-paths.ts';

test.each([
  ['/home/ann/x.png: cannot be read', '<path>: cannot be read'],
  ['C:\\Users\\Ann\\x.png: cannot be read', '<path>: cannot be read'],
  ['there is no such program (/opt/node); correct it', 'there is no such program (<path>); correct it'],
  ['ended (status 1); see the log', 'ended (status 1); see the log'],
  ['4 × Intel(R) Xeon(R) CPU @ 2.20GHz', '4 × Intel(R) Xeon(R) CPU @ 2.20GHz'],
  ['10.0 images/s on cpu', '10.0 images/s on cpu'],
  ['1.99.0 (Code, desktop, en)', '1.99.0 (Code, desktop, en)'],
])('%s', (text, expected) => {
  expect(withoutPaths(text)).toBe(expected);
});

test('known places may hold spaces; the longest one goes first', () => {
  const text = "ENOENT: '/home/Ann Lee/my data/cats/1.png'";
  expect(withoutPaths(text, ['/home/Ann Lee', '/home/Ann Lee/my data'])).not.toMatch(/Ann|Lee|data|cats/);
});
