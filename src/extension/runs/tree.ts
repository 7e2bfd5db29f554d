/** The items of the view "Runs": one a run, the newest first; several workspace folders are told apart by their names. */
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { RUN_PATHS } from '../../shared/run/layout.ts';
import type { RunStatus } from '../../shared/run/status.ts';
import type { Listed } from './catalogue.ts';
import type { Reading, Unreadable } from './run-reader.ts';
import { describe, nameOf, statusWord } from './words.ts';

const ICONS: Readonly<Record<RunStatus, readonly [icon: string, color: string | null]>> = {
  queued: ['clock', null],
  running: ['loading~spin', 'charts.blue'],
  paused: ['debug-pause', 'charts.yellow'],
  finished: ['pass', 'charts.green'],
  stopped: ['debug-stop', null],
  interrupted: ['debug-disconnect', 'charts.orange'],
  failed: ['error', 'list.errorForeground'],
};

/** A run in the tree; `folder` is what commands take from it. */
export class RunItem extends vscode.TreeItem {
  readonly folder: string;

  constructor({ folder, found }: Listed, root: string | null) {
    super('state' in found ? nameOf(found.state) : basename(folder), vscode.TreeItemCollapsibleState.None);
    this.folder = folder;
    this.id = folder;
    if ('state' in found) this.#show(found, root);
    else this.#showUnreadable(found);
  }

  #show(reading: Reading, root: string | null): void {
    const { state, health } = reading;
    const [icon, color] = health === 'silent' ? (['warning', 'list.warningForeground'] as const) : ICONS[state.status];
    this.iconPath = new vscode.ThemeIcon(icon, color === null ? undefined : new vscode.ThemeColor(color));
    this.description = root === null ? describe(reading) : `${describe(reading)} · ${root}`;
    this.contextValue = `run.${state.status}`;
    const engine = state.identity.setup?.engine;
    const on = engine === undefined ? [] : [`${engine.device}, ${engine.name}, ${engine.precision}`];
    this.tooltip = [basename(this.folder), describe(reading), ...on].join('\n');
    this.accessibilityInformation = { label: `${nameOf(state)}, ${statusWord(state.status)}, ${this.description}` };
    this.command = { command: 'lowrank.openRun', title: vscode.l10n.t('Open Run'), arguments: [this.folder] };
  }

  #showUnreadable({ reason }: Unreadable): void {
    this.iconPath = new vscode.ThemeIcon('question', new vscode.ThemeColor('list.warningForeground'));
    this.description = vscode.l10n.t('cannot be read');
    this.tooltip = reason;
    this.contextValue = 'unreadable';
    const run = vscode.Uri.file(join(this.folder, RUN_PATHS.identity));
    this.command = { command: 'vscode.openWith', title: vscode.l10n.t('Open as Text'), arguments: [run, 'default'] };
  }
}

export function runItems(runs: readonly Listed[]): RunItem[] {
  const several = (vscode.workspace.workspaceFolders ?? []).length > 1;
  return runs.map((listed) => {
    const root = several ? (vscode.workspace.getWorkspaceFolder(vscode.Uri.file(listed.folder))?.name ?? null) : null;
    return new RunItem(listed, root);
  });
}
