/**
 * A real VS Code (code-server) with the packaged extension in a fresh profile, seen through a real Chromium.
 *
 *   const editor = await startEditor({ folder: makeWorkspace() });     // in beforeAll; trusts the folder unless `trust: false`
 *   const menu = await editor.explorer.menu('shapes');                 // right-click
 *   await menu.choose('Fine-Tune with LoRA…');
 *   const form = await editor.webview('LoRA');                         // by the title of its view or tab; a FrameLocator
 *   await form.getByRole('slider', { name: 'Rank' }).press('ArrowRight');
 *   await editor.command('Lowrank: Show Log');                         // command palette
 *   expect(await editor.axe('LoRA')).toEqual([]);
 *   await editor.screenshot('form-dark');                              // test-results/screens/form-dark.png
 *   await editor.stop();                                               // in afterAll: ends server, trainers and browser
 *
 * A failed test leaves `failed-<its name>.png` there. Nothing here sleeps: each call waits for what it is about. Give a test that trains a time-out of its own. The server's log is in
 * test-results/e2e/. One file can be run alone: `npx vitest run --project=e2e test/e2e/install.test.ts`; with LOWRANK_VSIX set, it
 * takes that package instead of making one.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, resolve } from 'node:path';
import process from 'node:process';
import { chromium, type Browser, type FrameLocator, type Locator, type Page } from 'playwright-core';
import { afterAll, afterEach, expect, inject } from 'vitest';
import { findChromium } from '../../scripts/vscode-install.mjs';
import { startServer, type Server } from '../../scripts/vscode-server.mjs';
import { faultsOf, type AxeFault } from './axe.ts';
import { Explorer, Menu } from './explorer.ts';
import { Palette } from './palette.ts';
import { findWebview } from './webview.ts';

const RESULTS = resolve('test-results');

/** Generous, since CI has two slow cores; what is there sooner is not waited for. */
const PATIENCE = 120_000;

/** VS Code's names of its themes, and the class that its page has then. */
const THEMES = {
  dark: ['Dark Modern', 'vs-dark'],
  light: ['Light Modern', 'vs'],
  'high-contrast-dark': ['Default High Contrast', 'hc-black'],
  'high-contrast-light': ['Default High Contrast Light', 'hc-light'],
} as const;
export type Theme = keyof typeof THEMES;
export const ALL_THEMES = Object.keys(THEMES) as Theme[];

/** Editors of this test file. */
const opened = new Set<Editor>();

afterEach(async ({ task }) => {
  if (task.result?.state !== 'fail') return;
  for (const editor of opened) await editor.screenshot(`failed-${slug(task.name)}`).catch(() => undefined);
});

afterAll(async () => {
  for (const editor of opened) await editor.stop();
});

export interface EditorOptions {
  readonly folder: string;
  /** Answers the question whether the folder's authors are trusted; `false` leaves the window in Restricted Mode. */
  readonly trust?: boolean;
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly viewport?: { readonly width: number; readonly height: number };
  /** A folder of programs that are found before the system's own. */
  readonly programs?: string;
}

export async function startEditor(options: EditorOptions): Promise<Editor> {
  const { folder, trust = true, settings = {}, viewport, programs } = options;
  const profile = mkdtempSync(join(tmpdir(), 'lowrank-e2e-'));
  if (programs !== undefined) putOnPath(profile, programs);
  const log = join(RESULTS, 'e2e', `${nameOfTestFile()}-${basename(profile)}.log`);
  const all = { 'workbench.colorTheme': THEMES.dark[0], ...settings };
  let server: Server | undefined;
  let browser: Browser | undefined;
  try {
    server = await startServer({ vsix: inject('vsix'), profile, settings: all, log });
    browser = await chromium.launch({
      executablePath: findChromium(),
      args: [
        // Debian's Chromium has no sandbox for root.
        ...['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--lang=en-US'],
        ...['--disable-background-networking', '--disable-component-update', '--disable-sync'],
      ],
    });
    const context = await browser.newContext({ viewport: viewport ?? { width: 1280, height: 800 }, locale: 'en-US' });
    await context.grantPermissions(['clipboard-read', 'clipboard-write']);
    context.setDefaultTimeout(PATIENCE);
    const editor = new Editor(server, browser, await context.newPage());
    opened.add(editor);
    await editor.openFolder(folder, trust);
    return editor;
  } catch (error) {
    for (const page of browser?.contexts().flatMap((context) => context.pages()) ?? [])
      await page.screenshot({ path: join(RESULTS, 'screens/failed-start.png') }).catch(() => undefined);
    await browser?.close();
    await server?.stop();
    rmSync(profile, { recursive: true, force: true, maxRetries: 3 });
    throw error;
  }
}

/** The server takes its environment from a login shell, which reads this file last. */
function putOnPath(profile: string, programs: string): void {
  mkdirSync(join(profile, 'home'), { recursive: true });
  for (const name of ['.profile', '.bash_profile', '.zprofile']) {
    writeFileSync(join(profile, 'home', name), `export PATH="${programs}:$PATH"\n`);
  }
}

export class Editor {
  /** For whatever is not offered here. */
  readonly page: Page;
  readonly server: Server;
  readonly palette: Palette;
  readonly explorer: Explorer;
  readonly #browser: Browser;
  #folder = '';
  #settings: Readonly<Record<string, unknown>> = {};

  constructor(server: Server, browser: Browser, page: Page) {
    this.server = server;
    this.page = page;
    this.#browser = browser;
    this.palette = new Palette(page);
    this.explorer = new Explorer(page, this.palette);
  }

  /** Opens a folder (or a `.code-workspace`) in the window and waits until the extension is there. */
  async openFolder(folder: string, trust = true): Promise<void> {
    this.#folder = folder;
    const kind = folder.endsWith('.code-workspace') ? 'workspace' : 'folder';
    await this.page.goto(`${this.server.url}/?${kind}=${encodeURIComponent(resolve(folder))}`, {
      waitUntil: 'domcontentloaded',
    });
    await this.trust(trust);
    await this.activityBar('Lowrank').waitFor();
  }

  /** Answers the dialog that asks for trust. */
  async trust(yes = true): Promise<void> {
    const dialog = this.page.locator('.monaco-dialog-box');
    await dialog.getByRole('button', { name: yes ? /^Yes, I trust/ : /^No, I don't trust/ }).click();
    await dialog.waitFor({ state: 'detached' });
  }

  /** As a user reloads the window; trust is remembered. */
  async reload(): Promise<void> {
    await this.page.reload({ waitUntil: 'domcontentloaded' });
    await this.activityBar('Lowrank').waitFor();
  }

  /** Another window of the same server. */
  async newWindow(folder: string): Promise<Editor> {
    const other = new Editor(this.server, this.#browser, await this.page.context().newPage());
    other.#folder = folder;
    await other.page.goto(`${this.server.url}/?folder=${encodeURIComponent(resolve(folder))}`);
    await other.activityBar('Lowrank').waitFor();
    return other;
  }

  /** Runs a command by its full title in the palette: `Lowrank: Show Log`. */
  async command(title: string): Promise<void> {
    await this.palette.run(title);
  }

  activityBar(title: string): Locator {
    return this.page.locator(`.activitybar .action-item a.action-label[aria-label^="${title}"]`);
  }

  /** Shows Lowrank's side bar. */
  async openSidebar(): Promise<void> {
    const icon = this.activityBar('Lowrank');
    if ((await icon.getAttribute('aria-expanded')) !== 'true') await icon.click();
    await this.page.locator('.part.sidebar .composite.title').filter({ hasText: 'Lowrank' }).waitFor();
  }

  /** A row of a tree view of the side bar that is open. */
  treeItem(text: string | RegExp): Locator {
    return this.page.locator('.part.sidebar').getByRole('treeitem').filter({ hasText: text });
  }

  /** The context menu of whatever is right-clicked. */
  async contextMenu(target: Locator): Promise<Menu> {
    return Menu.ofTarget(this.page, target);
  }

  /** The context menu of whatever has the focus. */
  async contextMenuOfFocus(): Promise<Menu> {
    return Menu.open(this.page, () => this.keys('Shift+F10'));
  }

  /** The page inside the visible webview of this title; asked again after the view was hidden or the window reloaded. */
  async webview(title: string | RegExp): Promise<FrameLocator> {
    return (await findWebview(this.page, title, PATIENCE)).content;
  }

  /** Items of the status bar that hold the text. */
  statusBar(text: string | RegExp): Locator {
    return this.page.locator('.statusbar .statusbar-item').filter({ hasText: text });
  }

  tab(name: string | RegExp): Locator {
    return this.page.locator('.editor-group-container .tab').filter({ hasText: name });
  }

  /** Lines under a text that is open: errors and warnings of the Problems view. */
  async problems(): Promise<string[]> {
    await this.command('View: Focus Problems (Errors, Warnings, Infos)');
    const rows = this.page.locator('.markers-panel-container .monaco-list-row');
    await rows.first().waitFor();
    return rows.allInnerTexts();
  }

  notification(text: string | RegExp): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item').filter({ hasText: text });
  }

  /** Merges into the settings of the open folder, which VS Code watches; those of `machine` scope are the profile's, at the start. */
  writeSettings(settings: Readonly<Record<string, unknown>>): void {
    this.#settings = { ...this.#settings, ...settings };
    mkdirSync(join(this.#folder, '.vscode'), { recursive: true });
    writeFileSync(join(this.#folder, '.vscode/settings.json'), JSON.stringify(this.#settings));
  }

  async theme(name: Theme): Promise<void> {
    const [label, className] = THEMES[name];
    this.writeSettings({ 'workbench.colorTheme': label });
    // `vs` stands beside others' names in the class list too: whole words only.
    await this.page.locator(`.monaco-workbench.${className}`).first().waitFor();
  }

  async screenshot(name: string): Promise<void> {
    mkdirSync(join(RESULTS, 'screens'), { recursive: true });
    await this.page.screenshot({ path: join(RESULTS, 'screens', `${name}.png`), animations: 'disabled' });
  }

  /** Accessibility faults of a webview, by axe-core; none is `[]`. */
  async axe(title: string | RegExp): Promise<readonly AxeFault[]> {
    const { frame } = await findWebview(this.page, title, PATIENCE);
    return faultsOf(frame);
  }

  /** Presses keys one after the other: `keys('Tab', 'Tab', 'Enter')`. */
  async keys(...keys: readonly string[]): Promise<void> {
    for (const key of keys) await this.page.keyboard.press(key);
  }

  /** What a screen reader would say of the focused element, in whichever frame the focus is. */
  async focused(): Promise<{ role: string; name: string }> {
    for (const frame of this.page.frames().toReversed()) {
      const found = await frame
        .evaluate(() => {
          const element = document.activeElement;
          if (!document.hasFocus() || element === null || element === document.body || element.tagName === 'IFRAME')
            return null;
          const text = element.getAttribute('aria-label') ?? element.textContent;
          return { role: element.getAttribute('role') ?? element.tagName.toLowerCase(), name: text.trim() };
        })
        .catch(() => null);
      if (found !== null) return found;
    }
    return { role: '', name: '' };
  }

  /** Ends browser, server and the trainers that were started in it; the profile is gone afterwards. */
  async stop(): Promise<void> {
    opened.delete(this);
    await this.#browser.close();
    await this.server.stop();
    rmSync(this.server.profile, { recursive: true, force: true, maxRetries: 3 });
  }
}

function nameOfTestFile(): string {
  return basename(expect.getState().testPath ?? process.title, '.test.ts');
}

function slug(text: string): string {
  return text.replaceAll(/[^\w]+/g, '-').slice(0, 60);
}
