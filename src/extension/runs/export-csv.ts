/** *Export Runs as CSV…*: the runs that the view shows, as a table. */
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { writeFileAtomic } from '../../formats/atomic-write.ts';
import { oneOrMany } from '../../shared/format.ts';
import { runsCsv } from '../../shared/run/runs-csv.ts';
import type { RunServices } from './services.ts';
import { reportOf } from './run-view.ts';

export async function exportRunsCsv({ catalogue, filter }: RunServices): Promise<void> {
  await catalogue.refresh();
  const runs = filter.list().flatMap(({ found }) => ('state' in found ? [found.state] : []));
  if (runs.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('There is no run to export.'));
    return;
  }
  const root = vscode.workspace.workspaceFolders?.[0]?.uri.fsPath ?? '';
  const chosen = await vscode.window.showSaveDialog({
    title: oneOrMany(
      runs.length,
      vscode.l10n.t('Export the run as a table'),
      vscode.l10n.t('Export {0} runs as a table', runs.length),
    ),
    defaultUri: vscode.Uri.file(join(root, 'runs.csv')),
    filters: { CSV: ['csv'] },
  });
  if (chosen === undefined) return;
  await writeFileAtomic(chosen.fsPath, runsCsv(runs.map((run) => ({ ...run, report: reportOf(run.folder) }))));
  const open = vscode.l10n.t('Open');
  const saved = vscode.l10n.t('Saved {0}.', basename(chosen.fsPath));
  // Not waited for: the command is done.
  void vscode.window.showInformationMessage(saved, open).then(async (answer) => {
    if (answer === open) await vscode.commands.executeCommand('vscode.open', chosen);
  });
}
