/** The file explorer, and context menus. */
import type { Locator, Page } from 'playwright-core';
import type { Palette } from './palette.ts';

export class Menu {
  readonly #page: Page;

  private constructor(page: Page) {
    this.#page = page;
  }

  static async open(page: Page, target: Locator): Promise<Menu> {
    await target.click({ button: 'right' });
    await page.locator('.monaco-menu-container .action-item').first().waitFor();
    return new Menu(page);
  }

  item(label: string): Locator {
    return this.#page.locator('.monaco-menu-container .action-item').filter({ hasText: label }).last();
  }

  async labels(): Promise<string[]> {
    return this.#page.locator('.monaco-menu-container .action-item .action-label').allInnerTexts();
  }

  async choose(label: string): Promise<void> {
    await this.item(label).click();
  }

  async close(): Promise<void> {
    await this.#page.keyboard.press('Escape');
    await this.#page.locator('.monaco-menu-container').waitFor({ state: 'hidden' });
  }
}

export class Explorer {
  readonly #page: Page;
  readonly #palette: Palette;

  constructor(page: Page, palette: Palette) {
    this.#page = page;
    this.#palette = palette;
  }

  async show(): Promise<void> {
    const view = this.#page.locator('.explorer-folders-view');
    if (!(await view.isVisible())) await this.#palette.run('View: Show Explorer');
    await view.waitFor();
  }

  row(name: string): Locator {
    return this.#page.locator('.explorer-folders-view').getByRole('treeitem', { name, exact: true }).first();
  }

  /** Right-clicks a row of the tree, whose parents are open. */
  async menu(name: string): Promise<Menu> {
    await this.show();
    return Menu.open(this.#page, this.row(name));
  }

  /** Opens the folders of `path`, which starts at the workspace's root, and shows its last row. */
  async reveal(...path: readonly string[]): Promise<Locator> {
    await this.show();
    for (const name of path.slice(0, -1)) {
      const row = this.row(name);
      await row.waitFor();
      if ((await row.getAttribute('aria-expanded')) === 'false') await row.click();
    }
    const last = this.row(path.at(-1)!);
    await last.waitFor();
    return last;
  }

  /** Opens a file with its default editor. */
  async open(...path: readonly string[]): Promise<void> {
    await (await this.reveal(...path)).dblclick();
  }
}
