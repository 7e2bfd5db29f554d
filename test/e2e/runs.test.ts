/** The tree of runs: a sweep and its comparison, renaming, the table, more epochs, deleting, and a second window on the same run. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEditor, type Editor } from './editor.ts';
import { eachStepNeedsTheOneBefore } from './steps.ts';
import { makeWorkspace, trainedRun } from './workspace.ts';

const MINUTES = 60_000;

const workspace = makeWorkspace();
const done = trainedRun(workspace, 'done');

let editor: Editor;
beforeAll(async () => {
  editor = await startEditor({ folder: workspace });
});
afterAll(async () => {
  await editor.stop();
});

async function onRun(text: string, entry: string): Promise<void> {
  const menu = await editor.contextMenu(editor.treeItem(text));
  await menu.choose(entry);
}

async function filterStates(choose: () => Promise<void>): Promise<void> {
  await editor.command('Lowrank: Filter…');
  await choose();
  await editor.palette.accept('Filter runs by state');
  await editor.palette.titled('Filter runs by text').waitFor();
  await editor.palette.answer('');
}

describe('runs', () => {
  eachStepNeedsTheOneBefore();

  test('a sweep queues one run for each rank, and compares them in one chart', { timeout: 6 * MINUTES }, async () => {
    const menu = await editor.explorer.menu('shapes');
    await menu.choose('Fine-Tune with LoRA…');
    await editor.palette.pickContaining('New run');
    const panel = await editor.webview('LoRA');
    await panel
      .locator('[data-figure=trains]')
      .getByText(/parameters/)
      .waitFor();
    await editor.command('Lowrank: Sweep Ranks…');
    for (const rank of ['Rank 8', 'Rank 16', 'Rank 32']) await editor.palette.untick(rank);
    await editor.palette.tick('Rank 2');
    await editor.palette.accept('Sweep which ranks?');
    const compared = await editor.webview('Compare Runs');
    await compared.getByRole('heading', { name: '2 runs compared' }).waitFor();
    const rows = compared.getByRole('row').filter({ hasText: 'finished' });
    await expect.poll(() => rows.count(), { timeout: 4 * MINUTES }).toBe(2);
    expect(await rows.allInnerTexts()).toEqual([expect.stringMatching(/-r2\b/), expect.stringMatching(/-r4\b/)]);
    await editor.screenshot('sweep');
  });

  test('a run gets another name', async () => {
    await onRun('done', 'Rename…');
    await editor.palette.answer('first try');
    await editor.treeItem('first try').waitFor();
    expect(JSON.parse(readFileSync(join(done, 'run.json'), 'utf8'))).toMatchObject({ name: 'first try' });
  });

  test('all runs become a table', async () => {
    await editor.command('Lowrank: Export Runs as CSV…');
    // What the dialog proposes: another name may come too late for its first answer.
    const file = join(workspace, 'runs.csv');
    await editor.palette.answerPath(file);
    await expect.poll(() => readable(file)).toMatch(/^id,name,status,/);
    const [, ...rows] = readFileSync(file, 'utf8').trim().split('\n');
    expect(rows.map((row) => row.split(',')[2])).toEqual(['finished', 'finished', 'finished']);
  });

  test('a state that is filtered out hides its runs', async () => {
    await filterStates(() => editor.palette.untick('finished'));
    await editor.treeItem('first try').waitFor({ state: 'detached' });
    await filterStates(() => editor.palette.tick('finished'));
    await editor.treeItem('first try').waitFor();
  });

  test('it goes on with more epochs, and a second window sees it', { timeout: 6 * MINUTES }, async () => {
    await onRun('first try', 'Continue with More Epochs…');
    await editor.palette.answer('4');
    const other = await editor.newWindow(workspace);
    await other.openSidebar();
    for (const window of [editor, other]) {
      await window.treeItem('first try').click();
      const view = await window.webview('first try');
      await view.getByText('epoch 4 of 4').waitFor({ timeout: 4 * MINUTES });
      await view.getByRole('heading', { name: 'Finished' }).waitFor();
    }
    await other.page.close();
  });

  test('a deleted run is gone', async () => {
    await onRun('first try', 'Delete');
    const dialog = editor.page.locator('.monaco-dialog-box');
    await dialog.getByRole('button', { name: 'Move to Trash' }).click();
    // This server has no trash, and asks again.
    await dialog.getByRole('button', { name: 'Delete Permanently' }).click();
    await editor.treeItem('first try').waitFor({ state: 'detached' });
    expect(readable(join(done, 'run.json'))).toBe('');
  });
});

function readable(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
