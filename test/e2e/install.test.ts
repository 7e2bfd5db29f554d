/** The package in an editor that has nothing else: it is installed, contributes what the manifest says, and trusts nobody by itself. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEditor, type Editor } from './editor.ts';
import { makeWorkspace } from './workspace.ts';

const JOB = `{
  "data": "./shapes",
  "base": "sample",
  "lora": { "rank": 4, "alphabet": 8 }
}
`;

const workspace = makeWorkspace();
writeFileSync(join(workspace, 'wrong.lora.json'), JOB);

describe('a trusted workspace', () => {
  let editor: Editor;
  beforeAll(async () => {
    editor = await startEditor({ folder: workspace });
  });
  afterAll(async () => {
    await editor.stop();
  });

  test('the activity bar has its icon, and the side bar its two views', async () => {
    await editor.openSidebar();
    const sidebar = editor.page.locator('.part.sidebar');
    await sidebar.getByRole('button', { name: 'Runs Section' }).waitFor();
    await sidebar.getByRole('button', { name: 'LoRA Section' }).waitFor();
    await editor.screenshot('installed');
  });

  test.each(['Lowrank: Fine-Tune with LoRA…', 'Lowrank: Create Sample Dataset…', 'Lowrank: Show Log'])(
    'the palette offers %s',
    async (title) => {
      expect(await editor.palette.offers(title)).toContain(title);
    },
  );

  test('a folder has its entry in the context menu, a file has none', async () => {
    const menu = await editor.explorer.menu('shapes');
    await menu.awaitItem('Fine-Tune with LoRA…');
    await menu.close();
    const other = await editor.explorer.menu('wrong.lora.json');
    expect(await other.labels()).not.toContain('Fine-Tune with LoRA…');
    await other.close();
  });

  test('an unknown field of a job file is marked where it stands', async () => {
    await editor.explorer.open('wrong.lora.json');
    await editor.tab('wrong.lora.json').waitFor();
    const problems = await editor.problems();
    expect(problems.join('\n')).toMatch(/alphabet[^]*Ln 4/);
  });
});

describe('a workspace that is not trusted', () => {
  let editor: Editor;
  beforeAll(async () => {
    editor = await startEditor({ folder: workspace, trust: false });
  });
  afterAll(async () => {
    await editor.stop();
  });

  test('job files are checked, but nothing is offered that would run', async () => {
    await editor.statusBar('Restricted Mode').waitFor();
    const menu = await editor.explorer.menu('shapes');
    expect(await menu.labels()).not.toContain('Fine-Tune with LoRA…');
    await menu.close();
    await editor.explorer.open('wrong.lora.json');
    expect((await editor.problems()).join('\n')).toContain('alphabet');
    await editor.screenshot('untrusted');
  });
});
