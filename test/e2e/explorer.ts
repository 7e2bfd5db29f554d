/** The file explorer, and context menus. */
import type { Locator, Page } from 'playwright-core';
import { vi } from 'vitest';
import type { Palette } from './palette.ts';

/** How often a menu is opened again for an item that is not in it yet. */
const TRIES = 30;
/** Items of a menu, with room to spare. */
const MAX_ITEMS = 80;

export class Menu {
  readonly #page: Page;
  readonly #ask: () => Promise<void>;

  private constructor(page: Page, ask: () => Promise<void>) {
    this.#page = page;
    this.#ask = ask;
  }

  /** Opens a menu by `ask`, a right-click or a key, which is repeated when the menu came too early. */
  static async open(page: Page, ask: () => Promise<void>): Promise<Menu> {
    const menu = new Menu(page, ask);
    await menu.#open();
    return menu;
  }

  static async ofTarget(page: Page, target: Locator): Promise<Menu> {
    return Menu.open(page, () => target.click({ button: 'right' }));
  }

  async #open(): Promise<void> {
    await this.#ask();
    await this.#page.locator('.monaco-menu-container .action-item').first().waitFor();
  }

  item(label: string): Locator {
    return this.#page.locator('.monaco-menu-container .action-item').filter({ hasText: label }).last();
  }

  async labels(): Promise<string[]> {
    return this.#page.locator('.monaco-menu-container .action-item .action-label').allInnerTexts();
  }

  /** An open menu stays as it was made: one that came before its contributions or their conditions is opened again. */
  async awaitItem(label: string): Promise<void> {
    const shown = (): Promise<boolean> =>
      this.item(label)
        .waitFor({ timeout: 2_000 })
        .then(
          () => true,
          () => false,
        );
    for (let tries = 0; tries < TRIES; tries++) {
      if (await shown()) return;
      await this.close();
      await this.#open();
    }
    throw new Error(`the menu has no ${label}`);
  }

  async choose(label: string): Promise<void> {
    await this.#choose(label, (item) => item.click({ timeout: 5000 }));
  }

  /** The same by keyboard: down to the item, and Enter. */
  async chooseByKeys(label: string): Promise<void> {
    await this.#choose(label, async (item) => {
      for (let down = 0; down < MAX_ITEMS && !(await hasFocus(item)); down++)
        await this.#page.keyboard.press('ArrowDown');
      await this.#page.keyboard.press('Enter');
    });
  }

  /** A menu takes no click and no key in its first tenth of a second: so until it has gone. */
  async #choose(label: string, press: (item: Locator) => Promise<void>): Promise<void> {
    await this.awaitItem(label);
    const item = this.item(label);
    await vi.waitFor(
      async () => {
        await press(item);
        await item.waitFor({ state: 'hidden', timeout: 1000 });
      },
      { timeout: 60_000 },
    );
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
    return Menu.ofTarget(this.#page, this.row(name));
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

/** Whether the focus is in the item; an item that has gone has none. */
function hasFocus(item: Locator): Promise<boolean> {
  return item.evaluate(
    (element) => element.contains((element.getRootNode() as Document | ShadowRoot).activeElement),
    undefined,
    {
      timeout: 1000,
    },
  );
}
