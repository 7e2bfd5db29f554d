/** Where an export or a smaller adapter goes, and what it is compared on: asked with the editor's own dialogs. */
import { homedir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import type { ExportOption, InspectResult } from '../../shared/protocol/results.ts';

export interface ExportTarget {
  readonly format: string;
  readonly out: string;
  readonly data: string | null;
}

export async function askForFormat({ formats }: InspectResult): Promise<ExportOption | undefined> {
  const items = formats.map((option) => ({
    label: option.title,
    description: option.output === 'directory' ? vscode.l10n.t('a folder') : option.output,
    ...(option.calibrates && { detail: vscode.l10n.t('Takes ranges from images of a dataset') }),
    option,
  }));
  const picked = await vscode.window.showQuickPick(items, {
    title: vscode.l10n.t('Export base and adapter as'),
    matchOnDescription: true,
  });
  return picked?.option;
}

/** Undefined where the user gave up. */
export async function askForExport(inspection: InspectResult, option: ExportOption): Promise<ExportTarget | undefined> {
  const { format, output, calibrates } = option;
  const data = inspection.data ?? (calibrates ? await askForDataset() : null);
  if (data === undefined) return undefined;
  // Precisions of one adapter beside each other, not one over the other.
  const [, precision = ''] = /^onnx(-fp16|-int8)$/.exec(format) ?? [];
  const name = fileNameOf(inspection) + precision;
  const start = join(
    startFolder(inspection.run ?? inspection.folder),
    output === 'directory' ? `${name}-merged` : name + output,
  );
  const out = output === 'directory' ? await askForFolder(start, option.title) : await askForFile(start, option);
  return out === undefined ? undefined : { format, out, data };
}

/** A folder that is yet to be made; `start` names it. */
export async function askForFolder(start: string, title: string): Promise<string | undefined> {
  const uri = await vscode.window.showSaveDialog({ defaultUri: vscode.Uri.file(start), title });
  return uri?.fsPath;
}

async function askForFile(start: string, { output, title }: ExportOption): Promise<string | undefined> {
  const uri = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.file(start),
    title,
    filters: { [title]: [output.slice(1)] },
  });
  if (uri === undefined) return undefined;
  // Some dialogs leave the ending to the user.
  return uri.fsPath.endsWith(output) ? uri.fsPath : uri.fsPath + output;
}

async function askForDataset(): Promise<string | undefined> {
  const [uri] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: false,
      canSelectFolders: true,
      title: vscode.l10n.t('A dataset: the ranges of 8-bit numbers are taken from its images'),
      openLabel: vscode.l10n.t('Use This Dataset'),
    })) ?? [];
  return uri?.fsPath;
}

/** The run's name, without its date; else the adapter's folder. */
function fileNameOf({ run, folder }: InspectResult): string {
  return run === null ? basename(folder) : basename(run).replace(/^\d{4}-\d{2}-\d{2}-\d{6}-/, '');
}

/** The workspace folder: an export is for use, and a run's folder is not where one looks for it. */
function startFolder(place: string): string {
  const root = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(place)) ?? vscode.workspace.workspaceFolders?.[0];
  return root?.uri.fsPath ?? (place === '' ? homedir() : dirname(place));
}
