/** The command palette, and other lists and fields that VS Code shows in its place. */
import type { Locator, Page } from 'playwright-core';
import { expect, vi } from 'vitest';

/** Rows of the list that are on the screen, and some more. */
const MAX_ROWS = 40;

export class Palette {
  readonly #page: Page;

  constructor(page: Page) {
    this.#page = page;
  }

  get #widget(): Locator {
    return this.#page.locator('.quick-input-widget:visible');
  }

  get input(): Locator {
    return this.#widget.locator('input.input');
  }

  get rows(): Locator {
    return this.#widget.locator('.quick-input-list .monaco-list-row');
  }

  row(label: string): Locator {
    return this.rows.filter({ has: this.#page.locator('.label-name').getByText(label, { exact: true }) }).first();
  }

  /** Opens the palette, types, and waits for the list. */
  async open(query: string): Promise<void> {
    await this.#page.keyboard.press('F1');
    await this.input.waitFor();
    await this.input.fill(`>${query}`);
    await this.rows.first().waitFor();
  }

  /** Titles that the palette offers for a query; of a long list only those on the screen. */
  async offers(query: string): Promise<string[]> {
    await this.open(query);
    const labels = await this.rows.locator('.label-name').allInnerTexts();
    await this.close();
    return labels;
  }

  async run(title: string): Promise<void> {
    await this.open(title);
    const row = this.row(title);
    await row.waitFor();
    // Used commands come first, whatever was typed.
    for (let down = 0; down < MAX_ROWS && !(await isFocused(row)); down++) await this.input.press('ArrowDown');
    await this.input.press('Enter');
  }

  /** Chooses a row of the list that is open: an answer to a question of the extension. */
  async pick(label: string): Promise<void> {
    await this.row(label).click();
  }

  /** The same, by a part of its label: one with an icon before its words. */
  async pickContaining(text: string): Promise<void> {
    await this.rows.filter({ hasText: text }).first().click();
  }

  /** Ticks a row of a list that takes several answers; `accept` ends it. */
  async tick(label: string): Promise<void> {
    await this.#setTicked(label, true);
  }

  async untick(label: string): Promise<void> {
    await this.#setTicked(label, false);
  }

  async #setTicked(label: string, wanted: boolean): Promise<void> {
    const box = this.row(label).getByRole('checkbox');
    if ((await box.isChecked()) !== wanted) await box.click();
  }

  /** A question by its title. */
  titled(title: string): Locator {
    return this.#widget.locator('.quick-input-title').getByText(title, { exact: true });
  }

  /** Takes the ticked rows as the answer to the question of this title; another may follow. */
  async accept(title: string): Promise<void> {
    await this.#widget.getByRole('button', { name: 'OK' }).click();
    await this.titled(title).waitFor({ state: 'hidden' });
  }

  /** Answers a question for text. */
  async answer(text: string): Promise<void> {
    await this.input.fill(text);
    await this.input.press('Enter');
  }

  /**
   * Answers VS Code's own file dialog, once it has listed its folder. Before, it writes that into the field, over or amid what is
   * written: such an answer names another file, or asks whether to make a folder, and a second one chooses nothing. A path in another
   * folder is taken when that is listed, too: so until the dialog is gone.
   */
  async answerPath(path: string): Promise<void> {
    // The palette itself may still be closing: it holds `>` and a command, not a path.
    await vi.waitFor(
      async () => {
        expect(await this.input.inputValue({ timeout: 1000 })).toMatch(/^\//);
        expect(await this.row('..').isVisible()).toBe(true);
      },
      { timeout: 60_000 },
    );
    await vi.waitFor(
      async () => {
        if (!(await this.input.isVisible())) return;
        const value = await this.input.inputValue();
        if (!value.startsWith('/')) return;
        // A folder is gone into before it is taken.
        if (!value.startsWith(path)) await this.input.fill(path);
        await this.input.press('Enter');
        await this.input.waitFor({ state: 'hidden', timeout: 3000 });
      },
      { timeout: 60_000 },
    );
  }

  async close(): Promise<void> {
    await this.#page.keyboard.press('Escape');
    await this.#widget.waitFor({ state: 'hidden' });
  }
}

async function isFocused(row: Locator): Promise<boolean> {
  return (await row.getAttribute('class'))?.split(' ').includes('focused') ?? false;
}
