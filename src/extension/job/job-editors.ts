/** Where job forms are opened: the custom editor of `*.lora.json`, and one tab for the draft. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { EDITORS } from '../contributions.ts';
import type { Host } from '../host.ts';
import { nameFrame } from '../webview-page.ts';
import { DocumentSource } from './document-source.ts';
import { type JobFormOf, openJobForm } from './job-form.ts';
import { Planner } from './planner.ts';

export class JobEditors {
  readonly #host: Host;
  #draftPanel: vscode.WebviewPanel | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  resolve(document: vscode.TextDocument, panel: vscode.WebviewPanel): void {
    nameFrame(panel, vscode.l10n.t('Form of {0}', basename(document.uri.fsPath)));
    const source = new DocumentSource(document);
    const planner = new Planner(this.#host, source);
    panel.onDidDispose(() => {
      planner.dispose();
      source.dispose();
    });
    openJobForm({ host: this.#host, source, planner, document }, panel);
  }

  /** A job file opens as its form; anything else means the draft. */
  async open(resource: unknown, draft: Omit<JobFormOf, 'host'>): Promise<void> {
    const uri = resource instanceof vscode.Uri ? resource : undefined;
    if (uri?.fsPath.endsWith('.lora.json') === true) {
      await vscode.commands.executeCommand('vscode.openWith', uri, EDITORS.job);
      return;
    }
    if (this.#draftPanel !== undefined) {
      this.#draftPanel.reveal();
      return;
    }
    const panel = vscode.window.createWebviewPanel(
      EDITORS.job,
      vscode.l10n.t('Fine-tuning job'),
      vscode.ViewColumn.Active,
    );
    this.#draftPanel = panel;
    panel.onDidDispose(() => {
      this.#draftPanel = undefined;
    });
    openJobForm({ host: this.#host, ...draft }, panel);
  }

  dispose(): void {
    this.#draftPanel?.dispose();
  }
}
