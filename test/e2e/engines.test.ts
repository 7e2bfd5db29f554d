/** TensorFlow from a pack, in the editor: installed from its archive, chosen, trained on, and removed. The pack is the one for the CPU. */
import { createWriteStream, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { env, stdout } from 'node:process';
import { pipeline } from 'node:stream/promises';
import type { FrameLocator } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ZipFile } from 'yazl';
import { ALL_THEMES, startEditor, type Editor } from './editor.ts';
import { eachStepNeedsTheOneBefore } from './steps.ts';
import { makeFolder, makeWorkspace } from './workspace.ts';

const MINUTES = 60_000;
const NAME = 'tensorflow-cpu';

/** As .ci/run builds it. */
const pack = env['LOWRANK_TENSORFLOW_PACK'] ?? '';
const isThere = pack.includes(NAME) && existsSync(join(pack, 'manifest.json'));
if (!isThere) {
  stdout.write(
    'Packs are not tested in the editor: there is none (npm run engine-pack -- tensorflow-cpu, LOWRANK_TENSORFLOW_PACK=FOLDER)\n',
  );
}

/** The pack as it travels, but for its compression, which would take a minute. */
async function archiveOf(folder: string, to: string): Promise<string> {
  const zip = new ZipFile();
  const { files } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as { files: { path: string }[] };
  for (const path of ['manifest.json', ...files.map((file) => file.path)]) {
    zip.addFile(join(folder, path), path, { compress: false });
  }
  zip.end();
  await pipeline(zip.outputStream, createWriteStream(to));
  return to;
}

describe.skipIf(!isThere)('an engine from a pack', () => {
  eachStepNeedsTheOneBefore();
  const workspace = isThere ? makeWorkspace() : '';
  const elsewhere = isThere ? makeFolder() : '';
  let archive: string;
  let editor: Editor;

  beforeAll(async () => {
    archive = await archiveOf(pack, join(elsewhere, `${NAME}.lowrank-engine`));
    editor = await startEditor({ folder: workspace, settings: { 'lowrank.hub.cache': join(elsewhere, 'cache') } });
  });
  afterAll(async () => {
    await editor.stop();
  });

  const panel = (): Promise<FrameLocator> => editor.webview('LoRA');
  const form = (): Promise<FrameLocator> => editor.webview('Fine-tuning job');
  const choice = (view: FrameLocator, name: string) => view.getByRole('radio', { name, exact: true });
  /** Its line in the list: device, state, and what can be done about its pack. */
  const line = (view: FrameLocator, name: string) => view.locator('.engine').filter({ has: choice(view, name) });

  test('the panel tells what this machine can train on, and why not on the rest', async () => {
    const menu = await editor.explorer.menu('shapes');
    await menu.choose('Fine-Tune with LoRA…');
    const view = await panel();
    await view.locator('summary').filter({ hasText: 'automatic: onnxruntime-cpu' }).click();
    await line(view, 'automatic').getByText('onnxruntime-cpu, CPU, fp32: ').waitFor();
    expect(await choice(view, 'onnxruntime-cpu').isEnabled()).toBe(true);
    await line(view, NAME).getByText('not installed').waitFor();
    expect(await choice(view, NAME).isDisabled()).toBe(true);
    await line(view, 'tensorflow-cuda')
      .getByText(/no NVIDIA driver answers|not installed/)
      .waitFor();
  });

  test('a pack is installed from its archive', { timeout: 4 * MINUTES }, async () => {
    const view = await panel();
    await view.getByText('Install an engine pack from a file…').click();
    await editor.palette.answerPath(archive);
    await view.getByText(`${NAME} is installed: the next run can take it.`).waitFor();
    await line(view, NAME)
      .getByText(/^pack \d/)
      .waitFor();
    await expect.poll(() => choice(view, NAME).isEnabled(), { timeout: MINUTES }).toBe(true);
  });

  test('it is chosen in the form, which the panel follows', async () => {
    const view = await panel();
    await view.getByText('More: layers, epochs').click();
    const job = await form();
    await choice(job, NAME).check();
    await view.locator('summary').filter({ hasText: NAME }).waitFor();
    expect(await choice(view, NAME).isChecked()).toBe(true);
    // The plan is one of the chosen engine before it can start.
    await view.locator('.start .device').getByText(/CPU/).waitFor();
  });

  test('both look right and can be reached in every theme', { timeout: 4 * MINUTES }, async () => {
    const job = await form();
    for (const theme of ALL_THEMES) {
      await editor.theme(theme);
      await choice(job, NAME).scrollIntoViewIfNeeded();
      await editor.screenshot(`engines-${theme}`);
      expect(await editor.axe('LoRA'), theme).toEqual([]);
      expect(await editor.axe('Fine-tuning job'), theme).toEqual([]);
    }
  });

  test('a run says that it runs on TensorFlow, and ends with an adapter', { timeout: 6 * MINUTES }, async () => {
    const view = await panel();
    await view.getByRole('button', { name: 'Start Training' }).click();
    const run = await editor.webview(/shapes/);
    await run.getByText(`On CPU with TensorFlow (${NAME}), fp32: named by the job`).waitFor();
    await expect.poll(() => run.locator('.status').innerText(), { timeout: 4 * MINUTES }).toBe('finished');
    await editor.screenshot('run-tensorflow');
    const runs = join(workspace, '.lowrank/runs');
    const folder = join(runs, readdirSync(runs)[0]!);
    expect(existsSync(join(folder, 'adapter/adapter_model.safetensors'))).toBe(true);
    const report = JSON.parse(readFileSync(join(folder, 'report.json'), 'utf8')) as { engine: object };
    expect(report.engine).toMatchObject({ name: NAME, device: 'CPU', precision: 'fp32' });
  });

  test('the pack is removed, and the job says what it lacks', { timeout: 2 * MINUTES }, async () => {
    const view = await panel();
    await view.getByRole('button', { name: `Remove ${NAME}` }).click();
    const dialog = editor.page.locator('.monaco-dialog-box');
    await dialog.getByRole('button', { name: 'Remove', exact: true }).click();
    await view.getByText(`${NAME} was removed.`).waitFor();
    await line(view, NAME).getByText('not installed').waitFor();
    // What a job names stays chosen, whatever this machine has.
    expect(await choice(view, NAME).isChecked()).toBe(true);
  });
});
