/** The manifest and the code agree: neither names a command, a view, an editor, a key or a text that the other does not have. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { COMMANDS, CONTEXT, EDITORS, VIEWS } from '../../../src/extension/contributions.ts';
import { activate } from '../../../src/extension/extension.ts';

const ROOT = new URL('../../../', import.meta.url);
const text = readFileSync(new URL('package.json', ROOT), 'utf8');

interface MenuItem {
  readonly command: string;
  readonly when?: string;
}
interface Contributions {
  readonly commands: { readonly command: string }[];
  readonly jsonValidation: { readonly url: string }[];
  readonly views: Readonly<Record<string, { readonly id: string }[]>>;
  readonly viewsContainers: { readonly activitybar: { readonly id: string; readonly icon: string }[] };
  readonly viewsWelcome: { readonly view: string }[];
  readonly customEditors: { readonly viewType: string }[];
  readonly menus: Readonly<Record<string, MenuItem[]>>;
  readonly configuration: { readonly properties: Readonly<Record<string, { readonly scope: string }>> };
}
const { contributes } = JSON.parse(text) as { contributes: Contributions };
const menuItems = Object.values(contributes.menus).flat();
const nls = JSON.parse(readFileSync(new URL('package.nls.json', ROOT), 'utf8')) as Record<string, string>;

const registered = vi.hoisted(() => ({ commands: [] as string[], views: [] as string[], editors: [] as string[] }));
vi.mock('vscode', () => {
  const into = (list: string[]) => (id: string) => {
    list.push(id);
    return { dispose: () => undefined };
  };
  return {
    EventEmitter: class {
      readonly event = (): undefined => undefined;
    },
    commands: { registerCommand: into(registered.commands) },
    window: {
      registerWebviewViewProvider: into(registered.views),
      createTreeView: into(registered.views),
      registerCustomEditorProvider: into(registered.editors),
    },
    workspace: { workspaceFolders: [] },
  };
});

const subscriptions: unknown[] = [];
beforeAll(() => {
  activate({ subscriptions } as unknown as Parameters<typeof activate>[0]);
});

describe('activation registers everything that the manifest contributes, and nothing else', () => {
  it('commands', () => {
    const declared = contributes.commands.map(({ command }) => command).toSorted();
    expect(registered.commands.toSorted()).toEqual(declared);
    expect([...COMMANDS].toSorted()).toEqual(declared);
  });

  it('views', () => {
    const declared = Object.values(contributes.views).flat();
    expect(registered.views.toSorted()).toEqual(declared.map(({ id }) => id).toSorted());
    expect(Object.values(VIEWS).toSorted()).toEqual(registered.views.toSorted());
  });

  it('editors', () => {
    const declared = contributes.customEditors.map(({ viewType }) => viewType).toSorted();
    expect(registered.editors.toSorted()).toEqual(declared);
    expect(Object.values(EDITORS).toSorted()).toEqual(declared);
  });

  it('and gives all of it back', () => {
    const { commands, views, editors } = registered;
    expect(subscriptions.length).toBeGreaterThanOrEqual(commands.length + views.length + editors.length);
  });
});

describe('the manifest names', () => {
  it('in its menus commands that there are', () => {
    for (const { command } of menuItems) expect(COMMANDS, command).toContain(command);
  });

  it('in its conditions views and context keys that there are', () => {
    for (const { when = '', command } of menuItems) {
      for (const [, view] of when.matchAll(/\bview == ([\w.]+)/g))
        expect(Object.values(VIEWS), command).toContain(view);
      // The `activeCustomEditorId` of an editor, and keys of our own.
      const known: string[] = [...Object.values(CONTEXT), ...Object.values(VIEWS), ...Object.values(EDITORS)];
      for (const [key] of when.matchAll(/\blowrank\.[\w.]+/g)) expect(known, `${command}: ${when}`).toContain(key);
    }
  });

  it('welcome texts and containers of views that there are', () => {
    for (const { view } of contributes.viewsWelcome) expect(Object.values(VIEWS)).toContain(view);
    const containers = contributes.viewsContainers.activitybar.map(({ id }) => id);
    for (const id of Object.keys(contributes.views)) expect([...containers, 'explorer']).toContain(id);
  });

  it('files that there are', () => {
    const files = [
      ...contributes.jsonValidation.map(({ url }) => url),
      ...contributes.viewsContainers.activitybar.map(({ icon }) => icon),
    ];
    for (const file of files) expect(existsSync(new URL(file, ROOT)), file).toBe(true);
  });

  it('every text that is written, and no other', () => {
    const used = [...text.matchAll(/"%([\w.]+)%"/g)].map(([, key]) => key!);
    expect([...new Set(used)].toSorted()).toEqual(Object.keys(nls).toSorted());
  });

  it('settings that the code reads, and the code no others', () => {
    const declared = Object.keys(contributes.configuration.properties).map((key) => key.replace(/^lowrank\./, ''));
    const read = [...sources().matchAll(/(?:getConfiguration\('lowrank'\)|settings)\s*\.get(?:<\w+>)?\('([\w.]+)'/g)];
    const chosen = [...sources().matchAll(/\bchosen\('([\w.]+)'/g)];
    expect([...new Set([...read, ...chosen].map(([, key]) => key!))].toSorted()).toEqual(declared.toSorted());
  });

  it('what chooses a program, a cache or a hub as a setting of the machine', () => {
    const { properties } = contributes.configuration;
    for (const [key, { scope }] of Object.entries(properties))
      if (/node|cache|endpoint|library/i.test(key)) expect(scope, key).toBe('machine');
  });
});

/** All of the extension's code. */
function sources(): string {
  const folder = fileURLToPath(new URL('src/extension', ROOT));
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(join(folder, name), 'utf8'))
    .join('\n');
}
