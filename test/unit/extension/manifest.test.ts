/** The manifest and the code agree: neither names a command, a text or a file that the other does not have. */
import { existsSync, readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';
import { activate } from '../../../src/extension/extension.ts';

const ROOT = new URL('../../../', import.meta.url);
const text = readFileSync(new URL('package.json', ROOT), 'utf8');
const manifest = JSON.parse(text) as {
  main: string;
  bin: Record<string, string>;
  contributes: { commands: { command: string }[]; jsonValidation: { url: string }[] };
};
const nls = JSON.parse(readFileSync(new URL('package.nls.json', ROOT), 'utf8')) as Record<string, string>;

const registered = vi.hoisted(() => [] as string[]);
vi.mock('vscode', () => ({
  commands: {
    registerCommand: (name: string) => {
      registered.push(name);
      return { dispose: () => undefined };
    },
  },
}));

test('activation registers every command of the manifest and no other', () => {
  const subscriptions: unknown[] = [];
  activate({ subscriptions } as unknown as Parameters<typeof activate>[0]);
  expect(registered.toSorted()).toEqual(manifest.contributes.commands.map(({ command }) => command).toSorted());
  expect(subscriptions).toHaveLength(registered.length);
});

test('every text key of the manifest is written, every written one is used', () => {
  const used = [...text.matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key!);
  expect([...new Set(used)].toSorted()).toEqual(Object.keys(nls).toSorted());
});

test('the schemas that the manifest names are there', () => {
  for (const { url } of manifest.contributes.jsonValidation) expect(existsSync(new URL(url, ROOT)), url).toBe(true);
});
