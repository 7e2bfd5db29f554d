/** The page of a view: its bundle under a strict Content-Security-Policy, and the host's end of its channel. */
import { randomBytes } from 'node:crypto';
import * as vscode from 'vscode';
import type * as z from 'zod';
import { messageOf } from '../shared/errors.ts';
import type { Fault } from '../shared/protocol/view.ts';
import type { Host } from './host.ts';

export interface PageOf<ToHost extends { type: string }> {
  /** Names the bundle: `dist/webview/<name>.js` and `.css`. */
  readonly name: 'sidebar' | 'job' | 'run' | 'adapter' | 'try';
  readonly title: string;
  readonly incoming: z.ZodType<ToHost>;
  /** What it throws is told to the view as a `fault`. */
  readonly receive: (message: ToHost) => Promise<void> | void;
  /** Folders outside the extension whose pictures the view shows; as few as it needs. */
  readonly roots?: readonly vscode.Uri[];
}

export interface Page<ToView> {
  /** Dropped by VS Code while the view is hidden: the view says `ready` again when it is shown. */
  post(message: ToView | Fault): void;
  /** Pictures of these folders, outside the extension, may be loaded. A view that was shown with others is loaded anew. */
  admit(roots: readonly vscode.Uri[]): void;
}

/**
 * What a screen reader says of a custom editor's frame; its tab is named after the file anyway. VS Code is told of a change only, and
 * begins with the file's label: the same name again would leave the frame called "undefined".
 */
export function nameFrame(panel: vscode.WebviewPanel, name: string): void {
  panel.title = name;
}

export function openPage<ToHost extends { type: string }, ToView>(
  host: Pick<Host, 'context' | 'log'>,
  webview: vscode.Webview,
  { name, title, incoming, receive, roots = [] }: PageOf<ToHost>,
): Page<ToView> {
  const bundles = vscode.Uri.joinPath(host.context.extensionUri, 'dist', 'webview');
  const admit = (admitted: readonly vscode.Uri[]): void => {
    webview.options = { enableScripts: true, localResourceRoots: [bundles, ...admitted] };
  };
  admit(roots);
  const page: Page<ToView> = {
    admit,
    post: (message) => {
      void webview.postMessage(message);
    },
  };
  const answer = async (raw: unknown): Promise<void> => {
    const parsed = incoming.safeParse(raw);
    if (!parsed.success) {
      host.log.error(`${name}: a message that is none: ${parsed.error.message}`);
      return;
    }
    try {
      await receive(parsed.data);
    } catch (error) {
      host.log.error(error instanceof Error ? error : String(error));
      page.post({ type: 'fault', about: parsed.data.type, message: messageOf(error) });
    }
  };
  webview.onDidReceiveMessage((raw: unknown) => void answer(raw));
  webview.html = htmlOf(webview, bundles, name, title);
  return page;
}

function htmlOf(webview: vscode.Webview, bundles: vscode.Uri, name: string, title: string): string {
  const nonce = randomBytes(16).toString('base64');
  const uri = (file: string): string => escaped(webview.asWebviewUri(vscode.Uri.joinPath(bundles, file)).toString());
  const policy = [
    "default-src 'none'",
    `img-src ${webview.cspSource} data:`,
    `font-src ${webview.cspSource}`,
    `style-src ${webview.cspSource}`,
    `script-src 'nonce-${nonce}'`,
  ].join('; ');
  const l10n = vscode.l10n.bundle === undefined ? '' : JSON.stringify(vscode.l10n.bundle);
  return `<!DOCTYPE html>
<html lang="${escaped(vscode.env.language)}">
<head>
<meta charset="utf-8">
<meta http-equiv="Content-Security-Policy" content="${escaped(policy)}">
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="stylesheet" href="${uri(`${name}.css`)}">
<title>${escaped(title)}</title>
</head>
<body data-l10n="${escaped(l10n)}">
<div id="root"></div>
<script type="module" nonce="${nonce}" src="${uri(`${name}.js`)}"></script>
</body>
</html>`;
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${character.codePointAt(0)!};`);
}
