/** A job file in the editor, as the form edits it. */
import { expect, test, vi } from 'vitest';
import { DocumentSource } from '../../../src/extension/job/document-source.ts';
import { InputError } from '../../../src/shared/errors.ts';
import { fakeDocument } from '../../fake-vscode.ts';

vi.mock('vscode', async () => (await import('../../fake-vscode.ts')).module);

function open(text: string): {
  document: ReturnType<typeof fakeDocument>;
  source: DocumentSource;
  changes: () => number;
} {
  const document = fakeDocument('/work/pets.lora.json', text);
  const source = new DocumentSource(document as never);
  let changes = 0;
  source.onDidChange(() => changes++);
  return { document, source, changes: () => changes };
}

test('an edit changes its field alone: comments and layout stay', async () => {
  const { document, source, changes } = open('{\n  // the pets\n  "data": "./pets",\n  "lora": { "rank": 8 }\n}\n');
  await source.edit([{ path: ['lora', 'rank'], value: 16 }]);
  expect(document.text).toBe('{\n  // the pets\n  "data": "./pets",\n  "lora": { "rank": 16 }\n}\n');
  expect(source.read()).toEqual({ values: { data: './pets', lora: { rank: 16 } }, broken: null });
  expect(changes()).toBe(1);
});

test('an empty file becomes a job', async () => {
  const { document, source } = open('');
  await source.edit([{ path: ['data'], value: './pets' }]);
  expect(JSON.parse(document.text)).toEqual({ data: './pets' });
});

test('a broken text is left alone, and what it said before stays in sight', async () => {
  const { document, source } = open('{ "data": "./pets" }');
  source.read();
  document.text = '{\n "data": ';
  const { values, broken } = source.read();
  expect(values).toEqual({ data: './pets' });
  expect(broken?.line).toBe(2);
  await expect(source.edit([{ path: ['data'], value: 'other' }])).rejects.toThrow(InputError);
  expect(document.text).toBe('{\n "data": ');
});

test('a text that is no object is told at its first line', () => {
  expect(open('[1]').source.read()).toMatchObject({ values: {}, broken: { line: 1 } });
});

test('a file that cannot be edited says so', async () => {
  const { document, source } = open('{}');
  document.writable = false;
  await expect(source.edit([{ path: ['data'], value: './pets' }])).rejects.toThrow(/read-only/);
});

test('once disposed it tells of no change, while another form of the same file does', async () => {
  const { document, source, changes } = open('{}');
  const other = new DocumentSource(document as never);
  const told = vi.fn();
  other.onDidChange(told);
  source.dispose();
  await other.edit([{ path: ['data'], value: './pets' }]);
  expect(told).toHaveBeenCalledTimes(1);
  expect(changes()).toBe(0);
});
