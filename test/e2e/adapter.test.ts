/** An adapter made by PEFT, looked at, given its base, made smaller, exported and tried, as a user would. */
import { cpSync, existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { ALL_THEMES, type Editor, startEditor } from './editor.ts';
import { lowrank, makeFolder } from './workspace.ts';

const FIXTURE = resolve('test/fixtures/models/vit');
const WEIGHTS = 'adapter_model.safetensors';

const folder = makeFolder();
cpSync(join(FIXTURE, 'adapters/lora'), join(folder, 'foreign'), { recursive: true });
for (const file of ['config.json', 'model.safetensors', 'preprocessor_config.json'])
  cpSync(join(FIXTURE, file), join(folder, 'base', file));
lowrank('sample', join(folder, 'shapes'), '--train', '4', '--validation', '2');
lowrank(
  'train',
  '--data',
  join(folder, 'shapes'),
  '--base',
  'sample',
  '--rank',
  '4',
  '--epochs',
  '1',
  '--out',
  join(folder, 'run'),
);

let editor: Editor;
beforeAll(async () => {
  editor = await startEditor({
    folder,
    viewport: { width: 1400, height: 1000 },
    settings: { 'explorer.autoReveal': false },
  });
});
afterAll(async () => {
  await editor.stop();
});

test('an adapter without its base says so, and takes the base it is shown', { timeout: 180_000 }, async () => {
  await editor.explorer.open('foreign', WEIGHTS);
  const view = await editor.webview(/adapter_model/);
  await view.getByText('instead of').waitFor();
  await editor.screenshot('adapter-without-base');
  await view.getByRole('button', { name: 'Locate Base…' }).click();
  await editor.palette.pick('Model folder…');
  await editor.palette.answerPath(join(folder, 'base'));
  await view.getByText('of a whole fine-tuned copy').waitFor();
  await view.getByText('located by you').waitFor();
  await editor.screenshot('adapter-with-base');
});

test('layers are found, and a lower rank tells its price before it is written', { timeout: 180_000 }, async () => {
  const view = await editor.webview(/adapter_model/);
  await view.getByRole('searchbox', { name: 'Search layers' }).fill('conv2d');
  await view.getByText('1 of').waitFor();
  await view.getByRole('searchbox', { name: 'Search layers' }).fill('');
  await view.getByRole('slider', { name: 'Rank' }).press('ArrowLeft');
  await view.getByRole('columnheader', { name: 'Error at 2' }).waitFor();
  await view.getByRole('button', { name: 'Resize…' }).click();
  await editor.palette.answerPath(join(folder, 'foreign-r2'));
  await expect.poll(() => existsSync(join(folder, 'foreign-r2', WEIGHTS)), { timeout: 60_000 }).toBe(true);
  const smaller = await editor.webview(/adapter_model/);
  await smaller.getByRole('heading', { name: 'foreign-r2' }).waitFor();
  await editor.screenshot('adapter-resized');
});

test('the run is exported with its comparison and code that runs it', { timeout: 180_000 }, async () => {
  // Of rows with one name the first is taken.
  await editor.explorer.row('foreign').click();
  await editor.explorer.open('run', 'best', WEIGHTS);
  const view = await editor.webview(/adapter_model/);
  await view.getByRole('heading', { name: 'run/best' }).waitFor();
  await view.getByRole('button', { name: 'Export as ONNX, single precision' }).click();
  await editor.palette.answerPath(join(folder, 'shapes.onnx'));
  await view.getByText('Written: shapes.onnx').waitFor();
  await view.getByRole('button', { name: 'JavaScript' }).click();
  await view.getByRole('button', { name: 'Copy' }).click();
  await expect.poll(() => editor.page.evaluate(() => navigator.clipboard.readText())).toContain('shapes.onnx');
  for (const theme of ALL_THEMES) {
    await editor.theme(theme);
    expect(await editor.axe(/adapter_model/), theme).toEqual([]);
    await editor.screenshot(`adapter-${theme}`);
  }
});

test('base and adapter are tried side by side', { timeout: 180_000 }, async () => {
  await (await editor.webview(/adapter_model/)).getByRole('button', { name: 'Try It' }).click();
  const view = await editor.webview(/^Try /);
  await view.getByRole('button', { name: 'Folder…' }).click();
  await editor.palette.answerPath(join(folder, 'shapes', 'val'));
  await view.getByText('images in the folder of their class').first().waitFor();
  for (const theme of ALL_THEMES) {
    await editor.theme(theme);
    expect(await editor.axe(/^Try /), theme).toEqual([]);
    await editor.screenshot(`try-${theme}`);
  }
});
