/** What a user does, from a right-click on a folder to a merged model, in one window that is reloaded in the middle. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEditor, type Editor } from './editor.ts';
import { eachStepNeedsTheOneBefore } from './steps.ts';
import { lowrank, makeWorkspace } from './workspace.ts';

/** Long enough to be paused in the middle, on a fast machine too. */
const EPOCHS = 20;

const workspace = makeWorkspace();
let editor: Editor;

beforeAll(async () => {
  editor = await startEditor({ folder: workspace });
});
afterAll(async () => {
  await editor.stop();
});

const figure = (frame: FrameLocator, name: string) =>
  frame
    .locator('.figures > div')
    .filter({ hasText: new RegExp(`^${name}`) })
    .locator('dd');
const run = (): Promise<FrameLocator> => editor.webview(/shapes/);

describe('from a folder to a merged model', () => {
  eachStepNeedsTheOneBefore();

  test('a right-click on a folder fills the panel', async () => {
    const menu = await editor.explorer.menu('shapes');
    await menu.choose('Fine-Tune with LoRA…');
    const panel = await editor.webview('LoRA');
    await panel.getByText('8 classes · 64 training · 32 validation').waitFor();
    await panel.getByText('✓ All images were opened').waitFor();
    await panel
      .locator('[data-figure=trains]')
      .getByText(/parameters/)
      .waitFor();
    await editor.screenshot('panel-dark');
  });

  test('the slider moves the figures', async () => {
    const panel = await editor.webview('LoRA');
    const rank = panel.getByRole('slider', { name: 'Rank' });
    const saves = panel.locator('[data-figure=saves]');
    const before = await saves.innerText();
    await rank.press('ArrowLeft');
    expect(await rank.getAttribute('aria-valuetext')).toBe('4');
    expect(await saves.innerText()).not.toBe(before);
    expect(await panel.getByRole('slider', { name: 'Alpha' }).getAttribute('aria-valuetext')).toBe('8');
  });

  test('the job form is on the same data', async () => {
    const panel = await editor.webview('LoRA');
    await panel.getByText('More: layers, epochs').click();
    const form = await editor.webview('Fine-tuning job');
    const epochs = form.getByRole('group', { name: 'Epochs' }).getByRole('textbox');
    await epochs.fill(String(EPOCHS));
    await epochs.press('Enter');
    await panel.getByText(`for ${EPOCHS} epochs`).waitFor();
    expect(await form.getByRole('slider', { name: 'Rank' }).getAttribute('aria-valuetext')).toBe('4');
    await editor.screenshot('job-dark');
  });

  test('Start trains: the metrics move, and the status bar follows', async () => {
    const panel = await editor.webview('LoRA');
    await panel.getByRole('button', { name: 'Start Training' }).click();
    const view = await run();
    await editor.statusBar(/LoRA · \d+ %/).waitFor();
    const loss = figure(view, 'Loss');
    await expect.poll(() => loss.innerText(), { timeout: 60_000 }).toMatch(/\d/);
    const first = await loss.innerText();
    await expect.poll(() => loss.innerText(), { timeout: 60_000 }).not.toBe(first);
  });

  test('Pause holds it', async () => {
    const view = await run();
    await view.getByRole('button', { name: 'Pause' }).click();
    await view.getByRole('button', { name: 'Resume' }).waitFor();
    await editor.statusBar('paused').waitFor();
    await editor.screenshot('run-paused-dark');
  });

  test('a reloaded window finds it again, and Resume goes on to the end', async () => {
    await editor.reload();
    await editor.statusBar('paused').waitFor();
    const view = await run();
    await view.getByRole('button', { name: 'Resume' }).click();
    await view.getByRole('heading', { name: 'Finished' }).waitFor({ timeout: 400_000 });
    expect(await figure(view, 'Accuracy').innerText()).toMatch(/%/);
    await editor.notification('has finished').waitFor();
    await editor.screenshot('run-finished-dark');
  });

  test('Try it shows base and adapter side by side', async () => {
    const view = await run();
    await view.getByRole('button', { name: 'Try it' }).click();
    const tried = await editor.webview(/^Try /);
    await tried.getByRole('button', { name: 'Images…' }).click();
    const folder = join(workspace, 'shapes/val/star');
    await editor.palette.answerPath(join(folder, readdirSync(folder)[0]!));
    await tried.locator('.images .image').first().waitFor();
    await tried.getByText('Adapter').first().waitFor();
    await editor.screenshot('try-dark');
  });

  test('Inspect tells what the adapter saves', async () => {
    await editor
      .tab(/shapes/)
      .first()
      .click();
    const view = await run();
    await view.getByRole('button', { name: 'Inspect' }).click();
    const inspector = await editor.webview(/adapter/);
    await inspector.getByText('instead of').first().waitFor();
    await editor.screenshot('adapter-dark');
  });

  test('Export writes one model that says the same', async () => {
    const inspector = await editor.webview(/adapter/);
    await inspector.getByRole('button', { name: 'Export as ONNX, single precision' }).click();
    const out = join(workspace, 'merged.onnx');
    await editor.palette.answerPath(out);
    await inspector.getByText('Written: merged.onnx').waitFor();
    await editor.screenshot('export-dark');
    expect(existsSync(out)).toBe(true);
    const [image] = readdirSync(join(workspace, 'shapes/val/star'));
    const said = JSON.parse(lowrank('predict', out, join(workspace, 'shapes/val/star', image!), '--json')) as object;
    expect(said).toBeTypeOf('object');
  });
});
