/**
 * Two NVIDIA cards, of which a stand-in for `nvidia-smi` tells: a pack that would use them is offered, and one of them is chosen. No engine
 * for them is here, so nothing is trained.
 */
import { chmodSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ALL_THEMES, startEditor, type Editor } from './editor.ts';
import { eachStepNeedsTheOneBefore } from './steps.ts';
import { makeFolder, makeWorkspace } from './workspace.ts';

const SMI = `#!/bin/sh
case "$1" in
  --query-gpu=index*)
    echo '0, GPU-5f0e1111-aaaa, NVIDIA H100 80GB HBM3, 81559, 70000, 580.65.06'
    echo '1, GPU-77771111-bbbb, NVIDIA H100 80GB HBM3, 81559, 4, 580.65.06' ;;
  --query-gpu=driver_version*) echo 580.65.06 ;;
esac
`;
const LISTED = {
  ...{ name: 'onnxruntime-cuda', version: '1.30.0.1', platform: 'linux', arch: 'x64', driver: '580.65.06' },
  ...{ libc: '2.17', unpackedBytes: 2.5e9, url: 'none.lowrank-engine', bytes: 1.5e9, sha256: '0'.repeat(64) },
};

describe.skipIf(`${process.platform}-${process.arch}` !== 'linux-x64')('a machine with two cards', () => {
  eachStepNeedsTheOneBefore();
  const workspace = makeWorkspace();
  const elsewhere = makeFolder();
  let editor: Editor;

  beforeAll(async () => {
    writeFileSync(join(elsewhere, 'nvidia-smi'), SMI);
    chmodSync(join(elsewhere, 'nvidia-smi'), 0o755);
    const index = join(elsewhere, 'index.json');
    writeFileSync(index, JSON.stringify({ format: 1, packs: [LISTED] }));
    const settings = { 'lowrank.hub.cache': join(elsewhere, 'cache'), 'lowrank.engines.index': index };
    editor = await startEditor({ folder: workspace, settings, programs: elsewhere });
  });
  afterAll(async () => {
    await editor.stop();
  });

  test('the pack for them is offered beside Start, and in the form', async () => {
    const menu = await editor.explorer.menu('shapes');
    await menu.choose('Fine-Tune with LoRA…');
    const panel = await editor.webview('LoRA');
    await panel.locator('.start').getByText('Install CUDA engine').waitFor();
    await panel.locator('.start').getByText('1.50 GB, about').waitFor();
    await panel.getByText('More: layers, epochs').click();
    const form = await editor.webview('Fine-tuning job');
    await form.getByText('Install CUDA engine').waitFor();
    await form.getByRole('button', { name: 'Install onnxruntime-cuda' }).waitFor();
  });

  test('a card is chosen by its number, with what is free on each', { timeout: 180_000 }, async () => {
    const form = await editor.webview('Fine-tuning job');
    const device = form.getByRole('group', { name: 'Device' }).getByRole('combobox');
    await device.click();
    await form.getByRole('option', { name: 'GPU 0: NVIDIA H100 80GB HBM3, 12.1 GB free' }).waitFor();
    await form.getByRole('option', { name: /^GPU 1: .* 85\.5 GB free$/ }).click();
    // The form's undo takes it back: it is in the job.
    const undo = form.getByRole('button', { name: 'Undo' });
    await expect.poll(() => undo.isEnabled()).toBe(true);
    for (const theme of ALL_THEMES) {
      await editor.theme(theme);
      await device.scrollIntoViewIfNeeded();
      await editor.screenshot(`cards-${theme}`);
      expect(await editor.axe('Fine-tuning job'), theme).toEqual([]);
    }
  });

  test('a pack that cannot be had is told, and nothing is left half done', async () => {
    const form = await editor.webview('Fine-tuning job');
    await form.getByText('Install CUDA engine').click();
    await form.getByRole('alert').filter({ hasText: 'none.lowrank-engine' }).waitFor();
    await form.getByText('Install CUDA engine').waitFor();
  });
});
