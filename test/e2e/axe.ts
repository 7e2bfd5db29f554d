/** axe-core in a frame: WCAG 2.2 A and AA and the best practices that make sense inside an editor's frame. */
import axe from 'axe-core';
import type { Frame } from 'playwright-core';

export interface AxeFault {
  readonly rule: string;
  readonly help: string;
  readonly nodes: readonly string[];
}

/** A view is a part of the window: the window has the landmarks and the first heading. */
const PAGE_RULES = ['region', 'page-has-heading-one', 'landmark-one-main', 'bypass'];

export async function faultsOf(frame: Frame): Promise<readonly AxeFault[]> {
  await frame.evaluate(axe.source);
  const isInSidebar = frame.parentFrame()?.url().includes('purpose=webviewView') ?? false;
  const background = isInSidebar ? '--vscode-sideBar-background' : '--vscode-editor-background';
  const argument = { pageRules: PAGE_RULES, background };
  return frame.evaluate(async ({ pageRules, background }) => {
    const { axe: inFrame } = globalThis as unknown as { axe: typeof axe };
    // A view is transparent: what lies behind it is the window's, which axe does not see.
    const { style } = document.documentElement;
    const behind = getComputedStyle(document.documentElement).getPropertyValue(background);
    style.setProperty('background-color', behind);
    const rules = Object.fromEntries(pageRules.map((rule) => [rule, { enabled: false }]));
    const { violations } = await inFrame.run(document, { rules });
    style.removeProperty('background-color');
    return violations.map(({ id, help, nodes }) => ({
      rule: id,
      help,
      nodes: nodes.map((node) => `${node.html.slice(0, 160)}  ${node.failureSummary ?? ''}`),
    }));
  }, argument);
}
