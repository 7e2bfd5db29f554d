/** The draft: edits, undo and redo. */
import { expect, test } from 'vitest';
import { assigned, editDraft, newDraft, redo, replaceDraft, undo } from '../../../src/shared/draft.ts';

const START = newDraft({ data: '/pets' });

test('edits that come together are one step back, and forth again', () => {
  const edited = editDraft(START, [
    { path: ['lora', 'rank'], value: 16 },
    { path: ['lora', 'alpha'], value: 32 },
  ]);
  expect(edited.present).toEqual({ data: '/pets', lora: { rank: 16, alpha: 32 } });
  const back = undo(edited)!;
  expect(back.present).toEqual({ data: '/pets' });
  expect(undo(back)).toBeUndefined();
  expect(redo(back)!.present).toEqual(edited.present);
  expect(redo(edited)).toBeUndefined();
});

test('an edit after an undo forgets what was undone', () => {
  const undone = undo(editDraft(START, [{ path: ['base'], value: 'sample' }]))!;
  expect(editDraft(undone, [{ path: ['base'], value: 'hf:a/b' }]).future).toEqual([]);
});

test('an edit that changes nothing is no step', () => {
  expect(editDraft(START, [{ path: ['data'], value: '/pets' }])).toBe(START);
  expect(editDraft(START, [{ path: ['lora', 'rank'] }])).toBe(START);
});

test('a field goes back to its default by being taken away, with the object it leaves empty', () => {
  const values = { data: '/pets', lora: { rank: 4 }, base: 'sample' };
  expect(assigned(values, { path: ['lora', 'rank'] })).toEqual({ data: '/pets', base: 'sample' });
});

test('another job in its place can be taken back', () => {
  const replaced = replaceDraft(START, { data: '/cars' });
  expect(undo(replaced)!.present).toEqual(START.present);
});

test('the past ends somewhere', () => {
  let draft = START;
  for (let rank = 1; rank <= 150; rank++) draft = editDraft(draft, [{ path: ['lora', 'rank'], value: rank }]);
  expect(draft.past).toHaveLength(100);
  expect(draft.past.at(-1)).toEqual({ data: '/pets', lora: { rank: 149 } });
});
