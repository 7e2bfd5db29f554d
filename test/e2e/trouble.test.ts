/** What goes wrong, and the way on from it: a killed trainer, folders that are not what they should be, a job file edited by hand. */
import { cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import process from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEditor, type Editor } from './editor.ts';
import { makeWorkspace } from './workspace.ts';

const JOB = `{
  // Rank was chosen by hand.
  "data": "./shapes",
  "base": "sample",
  "lora": { "rank": 4 },
  "training": { "epochs": 400 },
}
`;

const workspace = makeWorkspace();
writeFileSync(join(workspace, 'by-hand.lora.json'), JOB);
mkdirSync(join(workspace, 'notes'));
writeFileSync(join(workspace, 'notes/read.me'), 'no image');
// A class of one image that is none, and a class that has nothing else: not ready.
cpSync(join(workspace, 'shapes/train/star'), join(workspace, 'broken/star'), { recursive: true });
mkdirSync(join(workspace, 'broken/void'));
writeFileSync(join(workspace, 'broken/void/1.png'), 'not a picture');

let editor: Editor;
beforeAll(async () => {
  editor = await startEditor({ folder: workspace });
});
afterAll(async () => {
  await editor.stop();
});

async function fineTune(...path: readonly string[]): Promise<void> {
  await editor.explorer.reveal(...path);
  const menu = await editor.explorer.menu(path.at(-1)!);
  await menu.choose('Fine-Tune with LoRA…');
}

describe('folders', () => {
  test('one that is no dataset is told what was looked for', async () => {
    await fineTune('notes');
    const panel = await editor.webview('LoRA');
    await panel.getByText('No dataset in notes/').waitFor();
    expect(await panel.locator('.bullets li').count()).toBeGreaterThan(0);
    await editor.screenshot('no-dataset');
  });

  test('one that cannot be trained on names the file and holds Start back', async () => {
    await fineTune('broken');
    const panel = await editor.webview('LoRA');
    await panel.getByText('✖ Not ready').waitFor();
    await panel
      .getByText(/void\/1\.png/)
      .first()
      .waitFor();
    expect(await panel.getByRole('button', { name: 'Start Training' }).isDisabled()).toBe(true);
    await editor.screenshot('not-ready');
  });

  test('a part of a dataset is offered its parent', async () => {
    await fineTune('shapes', 'train');
    const panel = await editor.webview('LoRA');
    await panel.getByText('train/ is a part of a dataset').waitFor();
    await panel.getByRole('button', { name: 'Use shapes/' }).click();
    await panel.getByText('8 classes · 64 training').waitFor();
  });
});

describe('a job file', () => {
  const file = join(workspace, 'by-hand.lora.json');

  test('is bound to its form both ways, and keeps its comments', async () => {
    writeFileSync(file, JOB);
    const menu = await editor.explorer.menu('by-hand.lora.json');
    await menu.choose('Open With...');
    await editor.palette.pickContaining('Fine-Tuning Job');
    const form = await editor.webview(/by-hand/);
    const rank = form.getByRole('slider', { name: 'Rank' });
    await expect.poll(() => rank.getAttribute('aria-valuetext')).toBe('4');
    await rank.press('ArrowRight');
    await editor.command('File: Save');
    await expect.poll(() => readFileSync(file, 'utf8')).toContain('"rank": 8');
    expect(readFileSync(file, 'utf8')).toContain('// Rank was chosen by hand.');
    // VS Code takes what is written before its own save has ended for that save.
    await expect
      .poll(() =>
        editor
          .tab(/by-hand/)
          .first()
          .getAttribute('class'),
      )
      .not.toContain('dirty');
    writeFileSync(file, JOB.replace('"rank": 4', '"rank": 16'));
    await expect.poll(() => rank.getAttribute('aria-valuetext')).toBe('16');
  });

  test('that is broken is left alone, and its line is told', async () => {
    const form = await editor.webview(/by-hand/);
    const broken = JOB.replace('"rank": 4 }', '"rank": ');
    writeFileSync(file, broken);
    await form.getByText(/^Line \d+: .*leaves the text alone/).waitFor();
    expect(readFileSync(file, 'utf8')).toBe(broken);
    await editor.screenshot('job-broken');
    writeFileSync(file, JOB);
    await form.getByText('leaves the text alone').waitFor({ state: 'hidden' });
  });
});

describe('a killed trainer', () => {
  test('is shown as interrupted, and Resume goes on', async () => {
    const form = await editor.webview(/by-hand/);
    await form.getByRole('button', { name: 'Start Training' }).click();
    await editor.statusBar(/LoRA · \d+ %/).waitFor();
    const view = await editor.webview(/^shapes$|run/);
    await view.getByRole('button', { name: 'Save checkpoint' }).click();
    await view
      .locator('.progress-text')
      .getByText(/Step \d+/)
      .waitFor();
    process.kill(trainer(), 'SIGKILL');
    await view.getByText('Interrupted: its trainer ended without a word').waitFor();
    await editor.screenshot('interrupted');
    await view.getByRole('button', { name: 'Resume' }).first().click();
    await editor.statusBar(/LoRA · \d+ %/).waitFor();
    await view.getByRole('button', { name: 'Stop and save' }).click();
    await view.getByRole('heading', { name: 'So far' }).waitFor();
  });
});

/** The process that holds the newest lease of the only run. */
function trainer(): number {
  const runs = join(workspace, '.lowrank/runs');
  const lease = join(runs, readdirSync(runs)[0]!, 'lease');
  const newest = readdirSync(lease)
    .toSorted((a, b) => parseInt(a) - parseInt(b))
    .at(-1)!;
  return (JSON.parse(readFileSync(join(lease, newest), 'utf8')) as { pid: number }).pid;
}
