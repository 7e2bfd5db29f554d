/** Edits of a job file keep what the form does not know. */
import { expect, test } from 'vitest';
import { editJson, type FieldEdit, parseJsonText, placeOf } from '../../../src/formats/json-edit.ts';

const TEXT = `// tried on Monday
{
    "data": "./pets", // the small one
    "lora": {
        "rank": 8, /* enough? */
        "alpha": 16,
    },
    "unknown": [1, 2],
}
`;

function edited(text: string, ...edits: FieldEdit[]): string {
  const edit = editJson(text, edits);
  return edit === undefined ? text : text.slice(0, edit.offset) + edit.text + text.slice(edit.offset + edit.length);
}

test('a value is replaced and nothing else', () => {
  expect(editJson(TEXT, [{ path: ['lora', 'rank'], value: 16 }])).toEqual({
    offset: TEXT.indexOf('8, /*'),
    length: 1,
    text: '16',
  });
});

test('several edits are one replacement; comments, indentation and unknown fields stay', () => {
  const after = edited(
    TEXT,
    { path: ['lora', 'rank'], value: 4 },
    { path: ['lora', 'alpha'], value: 8 },
    { path: ['training', 'epochs'], value: 5 },
  );
  for (const kept of ['// tried on Monday', '// the small one', '/* enough? */', '"unknown": [1, 2]'])
    expect(after).toContain(kept);
  expect(parseJsonText(after)).toEqual({
    value: { data: './pets', lora: { rank: 4, alpha: 8 }, unknown: [1, 2], training: { epochs: 5 } },
  });
  expect(after).toContain('\n    "training": {\n        "epochs": 5\n    }');
});

test('a comment at the end of a line stays with its field', () => {
  const text = '{\n  "lora": {\n    "rank": 8 // enough?\n  }\n}\n';
  const after = edited(text, { path: ['lora', 'dropout'], value: 0.1 });
  expect(after).toBe('{\n  "lora": {\n    "rank": 8, // enough?\n    "dropout": 0.1\n  }\n}\n');
});

test('a field within what is no object replaces that, and one of an empty text begins it', () => {
  expect(edited('{"lora": null}', { path: ['lora', 'rank'], value: 4 })).toBe('{"lora": {\n    "rank": 4\n  }}');
  expect(edited('{}\n', { path: ['base'], value: 'sample' })).toBe('{\n  "base": "sample"\n}\n');
});

test('a field is taken away, and one that is not there costs no edit', () => {
  expect(parseJsonText(edited(TEXT, { path: ['lora', 'alpha'] }))).toEqual({
    value: { data: './pets', lora: { rank: 8 }, unknown: [1, 2] },
  });
  expect(editJson(TEXT, [{ path: ['training', 'epochs'] }])).toBeUndefined();
  expect(editJson(TEXT, [{ path: ['lora', 'rank'], value: 8 }])).toBeUndefined();
});

test('line ends and tabs of the file are used', () => {
  const after = edited('{\r\n\t"data": "d"\r\n}', { path: ['base'], value: 'sample' });
  expect(after).toBe('{\r\n\t"data": "d",\r\n\t"base": "sample"\r\n}');
});

test('broken text is told with its line', () => {
  expect(parseJsonText('{\n "data": "d"\n "base": 1 }')).toEqual({
    fault: { message: 'comma expected', line: 3 },
  });
  expect(parseJsonText('  ')).toEqual({ value: {} });
});

test('a field lies where its value is, a missing one where its parent is', () => {
  const at = placeOf(TEXT, ['lora', 'rank'])!;
  expect(TEXT.slice(at.offset, at.offset + at.length)).toBe('8');
  expect(TEXT[placeOf(TEXT, ['lora', 'dropout'])!.offset]).toBe('{');
});
