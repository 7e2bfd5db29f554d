/** Bases that a person located for adapters whose own is not where they say; remembered in the workspace. */
import { homedir } from 'node:os';
import * as vscode from 'vscode';
import { kindOfBase } from '../../shared/base-name.ts';
import type { Host } from '../host.ts';

const KEY = 'lowrank.locatedBases';
/** The oldest are forgotten. */
const MAX_REMEMBERED = 200;

export function locatedBase(host: Host, folder: string): string | null {
  return remembered(host)[folder] ?? null;
}

export async function rememberBase(host: Host, folder: string, base: string | null): Promise<void> {
  const others = Object.entries(remembered(host)).filter(([known]) => known !== folder);
  const entries = base === null ? others : [...others, [folder, base] as const];
  await host.context.workspaceState.update(KEY, Object.fromEntries(entries.slice(-MAX_REMEMBERED)));
}

function remembered({ context }: Host): Readonly<Record<string, string>> {
  return context.workspaceState.get<Record<string, string>>(KEY, {});
}

/** Undefined where the user chose none. */
export async function askForBase(wanted: string | null): Promise<string | undefined> {
  const kinds = [
    {
      label: `$(folder-opened) ${vscode.l10n.t('Model folder…')}`,
      description: 'config.json, model.safetensors',
      from: 'folder',
    },
    { label: `$(file) ${vscode.l10n.t('Model file…')}`, description: '*.pt, *.onnx', from: 'file' },
    { label: `$(cloud) ${vscode.l10n.t('Name on the hub…')}`, description: 'owner/name', from: 'hub' },
  ] as const;
  const picked = await vscode.window.showQuickPick(kinds, {
    title: vscode.l10n.t('Where is the base?'),
    placeHolder:
      wanted === null ? vscode.l10n.t('The adapter does not name it') : vscode.l10n.t('The adapter names {0}', wanted),
  });
  if (picked === undefined) return undefined;
  if (picked.from === 'hub') return await askForName(wanted);
  const folder = picked.from === 'folder';
  const [uri] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: !folder,
      canSelectFolders: folder,
      defaultUri: vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(homedir()),
      ...(!folder && { filters: { [vscode.l10n.t('Models')]: ['pt', 'onnx'] } }),
      title: vscode.l10n.t('The base of the adapter'),
    })) ?? [];
  return uri?.fsPath;
}

const HUB_NAME = /^(hf:)?[\w.-]+\/[\w.-]+(@[\w.-]+)?$/;

async function askForName(wanted: string | null): Promise<string | undefined> {
  const name = await vscode.window.showInputBox({
    title: vscode.l10n.t('Name of the base on the hub'),
    placeHolder: 'google/vit-base-patch16-224',
    ...(wanted !== null && HUB_NAME.test(wanted) && { value: wanted }),
    validateInput: (value) =>
      HUB_NAME.test(value.trim()) ? null : vscode.l10n.t('Write it as owner/name, or owner/name@revision'),
  });
  if (name === undefined) return undefined;
  const trimmed = name.trim();
  return kindOfBase(trimmed) === 'hub' ? trimmed : `hf:${trimmed}`;
}
