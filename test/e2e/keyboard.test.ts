/** A run by keyboard alone: the folder's menu, the panel, Start, the run's buttons. No mouse anywhere in this file. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { startEditor, type Editor } from './editor.ts';
import { eachStepNeedsTheOneBefore } from './steps.ts';
import { makeWorkspace } from './workspace.ts';

/** Stops of the focus in a view, with room to spare. */
const MAX_STOPS = 80;

let editor: Editor;
beforeAll(async () => {
  editor = await startEditor({ folder: makeWorkspace() });
});
afterAll(async () => {
  await editor.stop();
});

/** Presses Tab until the focus is on what is named so. */
async function tabTo(name: RegExp): Promise<void> {
  const passed: string[] = [];
  for (let stop = 0; stop < MAX_STOPS; stop++) {
    await editor.keys('Tab');
    const focused = await editor.focused();
    passed.push(`${focused.role} ${focused.name.slice(0, 30)}`);
    if (name.test(focused.name)) return;
  }
  throw new Error(`Tab does not reach ${String(name)}: ${passed.join(' | ')}`);
}

describe('with the keyboard', () => {
  eachStepNeedsTheOneBefore();

  test('the menu of a folder opens its form', async () => {
    await editor.keys('Control+Shift+E');
    await editor.explorer.row('shapes').waitFor();
    await editor.keys('ArrowDown', 'Home');
    await (await editor.contextMenuOfFocus()).chooseByKeys('Fine-Tune with LoRA…');
    const panel = await editor.webview('LoRA');
    await panel.getByText('✓ All images were opened').waitFor();
  });

  test('the slider is moved, and Start is reached and pressed', async () => {
    const panel = await editor.webview('LoRA');
    await editor.command('Lowrank: Focus on LoRA View');
    await panel
      .locator('[data-figure=trains]')
      .getByText(/parameters/)
      .waitFor();
    const rank = panel.getByRole('slider', { name: 'Rank' });
    const isOnRank = (): Promise<boolean> => rank.evaluate((slider) => slider === document.activeElement);
    for (let stop = 0; stop < MAX_STOPS && !(await isOnRank()); stop++) await editor.keys('Tab');
    await editor.keys('ArrowLeft');
    expect(await rank.getAttribute('aria-valuetext')).toBe('4');
    await tabTo(/^Start Training$/);
    await editor.keys('Enter');
    const view = await editor.webview('shapes');
    await view.getByRole('heading', { name: 'Finished' }).waitFor({ timeout: 240_000 });
  });

  test('from its card the inspector is opened', async () => {
    await editor.command('View: Focus Active Editor Group');
    await tabTo(/^Inspect$/);
    await editor.keys('Enter');
    await (await editor.webview(/adapter/)).getByText('instead of').first().waitFor();
    await editor.screenshot('by-keyboard');
  });
});
