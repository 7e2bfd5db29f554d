/** What a run's panel tells of its samples. */
import { join, sep } from 'node:path';
import { expect, test, vi } from 'vitest';

vi.mock('vscode', async () => (await import('../../fake-vscode.ts')).module);
const { labelFolderOf } = await import('../../../src/extension/runs/run-view.ts');

const DATA = join(sep, 'pets');

test.each([
  ['cat/1.jpg', 'cat', 'cat'],
  ['train/cat/1.jpg', 'cat', 'train/cat'],
  ['cat/outdoors/far/1.jpg', 'cat', 'cat'],
  ['train/train/1.jpg', 'train', 'train/train'],
])('the label of %s stands in the folder of that name', (file, label, folder) => {
  expect(labelFolderOf(join(DATA, file), label, DATA)).toBe(join(DATA, folder));
});

test.each([
  ['images/1.jpg', 'cat'],
  ['train/images/cat/1.jpg', 'cat'],
  ['train/1.jpg', '1.jpg'],
  ['../cat/1.jpg', 'cat'],
])('no folder gives the label of %s', (file, label) => {
  expect(labelFolderOf(join(DATA, file), label, DATA)).toBeNull();
});
