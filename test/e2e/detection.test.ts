/** A detector, from a right-click on images with boxes to boxes that it draws and a model that is exported. */
import { copyFileSync, existsSync, readdirSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { FrameLocator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALL_THEMES, startEditor, type Editor } from './editor.ts';
import { eachStepNeedsTheOneBefore } from './steps.ts';
import { lowrank, makeFolder } from './workspace.ts';

const workspace = makeFolder();
lowrank('sample', join(workspace, 'drawn'), '--boxes', '--train', '16', '--validation', '6');
copyFileSync(resolve('test/fixtures/yolo/drawn.pt'), join(workspace, 'detector.pt'));
copyFileSync(resolve('test/fixtures/torch/tensors.pt'), join(workspace, 'weights.pt'));

let editor: Editor;
beforeAll(async () => {
  editor = await startEditor({ folder: workspace, viewport: { width: 1400, height: 1000 } });
});
afterAll(async () => {
  await editor.stop();
});

const run = (): Promise<FrameLocator> => editor.webview(/^drawn$/);

describe('a detector', () => {
  eachStepNeedsTheOneBefore();

  test('a right-click shows labelled images, and offers checkpoints alone as bases', async () => {
    const menu = await editor.explorer.menu('drawn');
    await menu.choose('Fine-Tune with LoRA…');
    const panel = await editor.webview('LoRA');
    await panel.getByText('16 training · 6 validation').waitFor();
    await panel.getByText('Labelled image 1 of 6').waitFor();
    expect(await panel.locator('.scenes .box-line').count()).toBeGreaterThan(0);
    await panel.getByRole('button', { name: 'Next labelled image' }).click();
    await panel.getByText('Labelled image 2 of 6').waitFor();
    await panel.getByText('yolo11').waitFor();
    await panel.getByText('1 found that cannot be used').click();
    await panel.getByText('weights.pt: holds no model').waitFor();
    await panel
      .locator('[data-figure=trains]')
      .getByText(/parameters/)
      .waitFor();
    await editor.screenshot('detection-panel-dark');
  });

  test('the form has the fields of detection, and says which image size fits', async () => {
    const panel = await editor.webview('LoRA');
    await panel.getByText('More: layers, epochs').click();
    const form = await editor.webview('Fine-tuning job');
    const write = async (name: string, text: string): Promise<void> => {
      const field = form.getByRole('group', { name, exact: true }).getByRole('textbox');
      await field.fill(text);
      await field.press('Enter');
    };
    await form.getByRole('group', { name: 'Mosaics', exact: true }).waitFor();
    expect(await form.getByRole('group', { name: 'Label smoothing' }).count()).toBe(0);
    await write('Image size', '150');
    await form.getByRole('alert').getByText('multiples of 32').waitFor();
    await write('Image size', '');
    await write('Epochs', '3');
    await write('Batch size', '8');
    await write('Learning rate', '0.01');
    await panel.getByText('for 3 epochs').waitFor();
    await editor.screenshot('detection-job-dark');
  });

  test('Start trains: curves, boxes over images, and what is taken for what', async () => {
    const panel = await editor.webview('LoRA');
    const start = panel.getByRole('button', { name: 'Start Training' });
    await expect.poll(() => start.isEnabled()).toBe(true);
    await start.click();
    const view = await run();
    await view.getByRole('heading', { name: 'Finished' }).waitFor({ timeout: 400_000 });
    for (const title of ['Mean average precision', 'Precision and recall', 'Precision over recall'])
      await view.getByRole('figure', { name: title }).waitFor();
    await view.getByRole('heading', { name: 'What is taken for what' }).waitFor();
    await view.getByRole('grid', { name: 'mAP50-95 of each class' }).waitFor();
    await expect.poll(() => view.locator('.detection').count()).toBe(6);
    expect(await view.locator('.detection .box-missed, .detection .box-truth').count()).toBeGreaterThan(0);
    await view.getByRole('button', { name: 'results.csv' }).waitFor();
  });

  test('the images can be seen as they were before training, without what is labelled, and larger', async () => {
    const view = await run();
    await view.getByRole('combobox', { name: 'After which step' }).click();
    await view.getByRole('option', { name: 'Step 0, before training' }).click();
    const before = await view.locator('.detection .figure').allInnerTexts();
    expect(before).toHaveLength(6);
    await view.getByRole('checkbox', { name: 'Labelled' }).click();
    await expect.poll(() => view.locator('.detection .box-missed, .detection .box-truth').count()).toBe(0);
    await view.getByRole('checkbox', { name: 'Labelled' }).click();
    await view
      .getByRole('button', { name: /^\d+\.png: / })
      .first()
      .click();
    await view.locator('.detection-large').waitFor();
    for (const theme of ALL_THEMES) {
      await editor.theme(theme);
      expect(await editor.axe(/^drawn$/), theme).toEqual([]);
      await editor.screenshot(`detection-run-${theme}`);
    }
  });

  test('Try it draws what adapter and base find, as sure as the slider says', async () => {
    const view = await run();
    await view.getByRole('button', { name: 'Try it' }).click();
    const tried = await editor.webview(/^Try /);
    await tried.getByRole('button', { name: 'Images…' }).click();
    const folder = join(workspace, 'drawn/images/val');
    await editor.palette.answerPath(join(folder, readdirSync(folder)[0]!));
    await tried.locator('.scene-pair').waitFor();
    expect(await tried.locator('.boxed').count()).toBe(2);
    const sure = tried.getByRole('slider', { name: 'Least confidence, in percent' });
    await sure.press('Home');
    const many = await tried.locator('.box-right, .box-wrong').count();
    expect(many).toBeGreaterThan(0);
    await sure.press('End');
    await expect.poll(() => tried.locator('.box-right, .box-wrong').count()).toBeLessThan(many);
    await sure.press('Home');
    for (const theme of ALL_THEMES) {
      await editor.theme(theme);
      expect(await editor.axe(/^Try /), theme).toEqual([]);
      await editor.screenshot(`detection-try-${theme}`);
    }
  });

  test('the inspector exports what Ultralytics reads, with its mean average precision', async () => {
    await editor
      .tab(/^drawn/)
      .first()
      .click();
    await (await run()).getByRole('button', { name: 'Inspect' }).click();
    const inspector = await editor.webview(/adapter/);
    await inspector.getByText('of a whole fine-tuned copy').waitFor();
    await inspector.getByRole('button', { name: 'Export as ONNX, single precision' }).click();
    const out = join(workspace, 'detector.onnx');
    await editor.palette.answerPath(out);
    await inspector.getByText('Written: detector.onnx').waitFor();
    await inspector
      .getByText(/mAP50-95 [\d.]+ %, mAP50/)
      .first()
      .waitFor();
    await editor.screenshot('detection-export-dark');
    expect(existsSync(out)).toBe(true);
  });
});
