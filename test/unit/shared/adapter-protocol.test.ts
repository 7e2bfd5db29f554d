import { expect, test } from 'vitest';
import { toHostAdapter, toViewAdapter } from '../../../src/shared/protocol/adapter.ts';
import { MAX_PASTED, MAX_PASTED_BYTES, toHostTry, toViewTry } from '../../../src/shared/protocol/try.ts';

test.each([
  { type: 'ready' },
  { type: 'read-again' },
  { type: 'locate-base' },
  { type: 'forget-base' },
  { type: 'resize', rank: 4 },
  { type: 'export', format: 'onnx-fp32' },
  { type: 'cancel' },
  { type: 'try-it' },
  { type: 'reveal', path: '/a' },
  { type: 'copy', text: '' },
  { type: 'open-file', path: 'adapter_config.json' },
])('the inspector may ask: $type', (message) => {
  expect(toHostAdapter.parse(message)).toEqual(message);
});

test.each([
  { type: 'resize', rank: 0 },
  { type: 'resize', rank: 1.5 },
  { type: 'export' },
  { type: 'copy', text: 1 },
  { type: 'run', command: 'rm' },
  null,
])('anything else is refused: %j', (message) => {
  expect(toHostAdapter.safeParse(message).success).toBe(false);
});

test('states, progress and faults reach the inspector', () => {
  expect(toViewAdapter.safeParse({ type: 'state', state: {} }).success).toBe(true);
  expect(toViewAdapter.safeParse({ type: 'progress', done: 1, total: null }).success).toBe(true);
  expect(toViewAdapter.safeParse({ type: 'fault', about: 'copy', message: 'no' }).success).toBe(true);
  expect(toViewAdapter.safeParse({ type: 'progress', done: '1', total: null }).success).toBe(false);
});

test('what is pasted is bounded', () => {
  const paste = (images: readonly unknown[]): boolean => toHostTry.safeParse({ type: 'paste', images }).success;
  expect(paste([{ name: 'a.png', data: 'AAAA' }])).toBe(true);
  expect(paste([])).toBe(false);
  expect(paste(Array.from({ length: MAX_PASTED + 1 }, () => ({ name: 'a', data: '' })))).toBe(false);
  expect(paste([{ name: 'a', data: 'A'.repeat(Math.ceil(MAX_PASTED_BYTES / 3) * 4 + 1) }])).toBe(false);
  expect(paste([{ name: 'a'.repeat(300), data: '' }])).toBe(false);
});

test('predictions stream to the view', () => {
  expect(toViewTry.safeParse({ type: 'part', part: { kind: 'image', image: {} } }).success).toBe(true);
  expect(toViewTry.safeParse({ type: 'part', part: null }).success).toBe(false);
});
