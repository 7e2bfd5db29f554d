/** Every view in the four kinds of themes: a picture of each, and nothing that axe-core finds fault with. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALL_THEMES, startEditor, type Editor } from './editor.ts';
import { makeWorkspace, trainedRun } from './workspace.ts';

/** View → the title of its webview; the side panel is always in sight. */
const TABS = { job: 'Fine-tuning job', run: 'done', adapter: /adapter/, try: /^Try / } as const;

const workspace = makeWorkspace();
trainedRun(workspace, 'done');
let editor: Editor;

beforeAll(async () => {
  editor = await startEditor({ folder: workspace, viewport: { width: 1400, height: 1000 } });
  await openAll();
});
afterAll(async () => {
  await editor.stop();
});

async function openAll(): Promise<void> {
  const menu = await editor.explorer.menu('shapes');
  await menu.choose('Fine-Tune with LoRA…');
  await editor.palette.pickContaining('New run');
  const panel = await editor.webview('LoRA');
  await panel.getByText('✓ All images were opened').waitFor();
  await panel
    .locator('[data-figure=trains]')
    .getByText(/parameters/)
    .waitFor();
  await panel.getByText('More: layers, epochs').click();
  await editor.webview(TABS.job);
  await editor.treeItem('done').click();
  const run = await editor.webview(TABS.run);
  await run.getByRole('button', { name: 'Try it' }).click();
  const tried = await editor.webview(TABS.try);
  await tried.getByRole('button', { name: 'Images…' }).click();
  const folder = join(workspace, 'shapes/val/star');
  await editor.palette.answerPath(join(folder, readdirSync(folder)[0]!));
  await tried.locator('.images .image').first().waitFor();
  await editor.tab(TABS.run).first().click();
  await (await editor.webview(TABS.run)).getByRole('button', { name: 'Inspect' }).click();
  await (await editor.webview(TABS.adapter)).getByText('instead of').first().waitFor();
}

describe.each(ALL_THEMES)('%s', (theme) => {
  beforeAll(async () => {
    await editor.theme(theme);
  });

  test('the side panel', async () => {
    expect(await editor.axe('LoRA')).toEqual([]);
  });

  test.each(Object.entries(TABS))('%s', async (name, title) => {
    await editor.tab(title).first().click();
    await editor.webview(title);
    await editor.screenshot(`${name}-${theme}`);
    expect(await editor.axe(title)).toEqual([]);
  });
});
