/** Webviews are frames in frames; what tells them apart is the title that VS Code gives the inner one. */
import type { Frame, FrameLocator, Page } from 'playwright-core';
import { vi } from 'vitest';

export interface Webview {
  /** Finds elements, also after the page inside was loaded again. */
  readonly content: FrameLocator;
  /** The page as it is now. */
  readonly frame: Frame;
}

const INNER = 'iframe#active-frame';

/** Waits for a visible webview of this title whose page has something in it. */
export async function findWebview(page: Page, title: string | RegExp, timeout: number): Promise<Webview> {
  return vi.waitFor(
    async () => {
      const found = await lookForWebview(page, title);
      if (found !== undefined) return found;
      throw new Error(`no webview with the title ${String(title)}; ${await titlesOf(page)}`);
    },
    { timeout, interval: 100 },
  );
}

async function lookForWebview(page: Page, title: string | RegExp): Promise<Webview | undefined> {
  for (const outer of await page.locator('iframe.webview.ready:visible').all()) {
    const name = await outer.getAttribute('name', { timeout: 1000 }).catch(() => null);
    if (name === null) continue;
    const content = page.frameLocator(`iframe[name="${name}"]`).frameLocator(INNER);
    const inner = page.frameLocator(`iframe[name="${name}"]`).locator(INNER);
    const element = await inner.elementHandle({ timeout: 1000 }).catch(() => null);
    const frame = await element?.contentFrame();
    if (element === null || frame === null || frame === undefined) continue;
    // VS Code gives the frame of a text file's custom editor no title; its page has one.
    const titles = [await element.getAttribute('title').catch(() => null), await frame.title().catch(() => null)];
    const matches = (text: string | null): boolean =>
      text !== null && (typeof title === 'string' ? text === title : title.test(text));
    if (!titles.some(matches)) continue;
    const filled = await frame.evaluate(() => document.body.innerText.trim() !== '').catch(() => false);
    if (filled) return { content, frame };
  }
  return undefined;
}

/** For the message of a search in vain. */
async function titlesOf(page: Page): Promise<string> {
  const outer = await page.locator('iframe.webview').all();
  const titles = outer.map((frame) =>
    frame
      .contentFrame()
      .locator(INNER)
      .getAttribute('title', { timeout: 1000 })
      .catch(() => 'none'),
  );
  return `there are: ${(await Promise.all(titles)).join(', ')}`;
}
