/** Continues a run that has ended with more epochs, from its last checkpoint. */
import * as vscode from 'vscode';
import type { RunServices } from './commands.ts';

export async function continueRun({ catalogue }: RunServices, folder: string): Promise<void> {
  const reading = catalogue.reading(folder);
  void reading;
  await vscode.window.showInformationMessage(vscode.l10n.t('This run cannot be continued yet.'));
}
