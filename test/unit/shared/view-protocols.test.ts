/** What side panel and job editor accept from each other. */
import { expect, test } from 'vitest';
import { editMessage, toHostJob, toViewJob } from '../../../src/shared/protocol/job.ts';
import { toHostSidebar, toViewSidebar } from '../../../src/shared/protocol/sidebar.ts';

test.each([
  { type: 'ready' },
  { type: 'edit', edits: [{ path: ['lora', 'rank'], value: 8 }] },
  { type: 'edit', edits: [{ path: ['augmentation', 'crop'], value: null }, { path: ['name'] }] },
  { type: 'do', what: 'start' },
  { type: 'open-file', path: '/pets/cat/1.jpg', line: 3 },
])('both hosts take %j', (message) => {
  expect(toHostSidebar.safeParse(message).success).toBe(true);
  expect(toHostJob.safeParse(message).success).toBe(true);
});

test.each([
  null,
  'ready',
  { type: 'run', command: 'rm' },
  { type: 'do', what: 'workbench.action.quit' },
  { type: 'edit', edits: [] },
  { type: 'edit', edits: [{ path: [], value: 1 }] },
  { type: 'edit', edits: [{ path: ['lora'], value: () => 1 }] },
  { type: 'edit', edits: [{ path: Array.from({ length: 9 }, () => 'deep'), value: 1 }] },
  { type: 'open-file', path: '/pets', line: 0 },
])('no host takes %j', (message) => {
  expect(toHostSidebar.safeParse(message).success).toBe(false);
  expect(toHostJob.safeParse(message).success).toBe(false);
});

test('views take states, plans and faults, and nothing else', () => {
  for (const schema of [toViewSidebar, toViewJob]) {
    expect(schema.safeParse({ type: 'state', state: {} }).success).toBe(true);
    expect(schema.safeParse({ type: 'plan', plan: {} }).success).toBe(true);
    expect(schema.safeParse({ type: 'fault', about: 'do', message: 'no' }).success).toBe(true);
    expect(schema.safeParse({ type: 'state' }).success).toBe(false);
    expect(schema.safeParse({ type: 'edit', edits: [] }).success).toBe(false);
  }
});

test('an edit without a value stays one: the field goes back to its default', () => {
  const sent = JSON.parse(JSON.stringify(editMessage([{ path: ['lora', 'alpha'], value: undefined }]))) as unknown;
  expect(sent).toEqual({ type: 'edit', edits: [{ path: ['lora', 'alpha'] }] });
});
