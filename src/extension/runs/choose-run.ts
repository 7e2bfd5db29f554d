/** Which run a command is about: the one it is given, the panel in front, the only one there is, or the one that is picked. */
import { basename, dirname } from 'node:path';
import * as vscode from 'vscode';
import { RUN_PATHS } from '../../shared/run/layout.ts';
import { EDITORS } from '../contributions.ts';
import type { Catalogue } from './catalogue.ts';
import type { Reading } from './run-reader.ts';
import { RunItem } from './tree.ts';
import { describe, nameOf } from './words.ts';

/** The folder that an argument of a command names; undefined for anything else. */
export function folderOf(argument: unknown): string | undefined {
  if (argument instanceof RunItem) return argument.folder;
  if (typeof argument === 'string') return argument;
  if (!(argument instanceof vscode.Uri)) return undefined;
  return basename(argument.fsPath) === RUN_PATHS.identity ? dirname(argument.fsPath) : argument.fsPath;
}

/** The runs that a command of the tree is given when several are chosen. */
export function chosenOf([, several]: readonly unknown[]): string[] {
  return Array.isArray(several) ? several.map(folderOf).filter((folder) => folder !== undefined) : [];
}

/** Undefined where the user chose none. `fits` says which runs the command is for. */
export async function chooseRun(
  catalogue: Catalogue,
  args: readonly unknown[],
  title: string,
  fits: (reading: Reading) => boolean = () => true,
): Promise<string | undefined> {
  const given = folderOf(args[0]) ?? inFront();
  if (given !== undefined) return given;
  await catalogue.refresh();
  const runs = catalogue.list().flatMap(({ found }) => ('state' in found && fits(found) ? [found] : []));
  if (runs.length === 0) {
    void vscode.window.showInformationMessage(vscode.l10n.t('There is no run in this workspace that this is for.'));
    return undefined;
  }
  const [only] = runs;
  if (runs.length === 1) return only!.state.folder;
  const picked = await vscode.window.showQuickPick(runs.map(pickOf), { title, matchOnDescription: true });
  return picked?.folder;
}

export interface RunPick extends vscode.QuickPickItem {
  readonly folder: string;
}

export function pickOf(reading: Reading): RunPick {
  const { state } = reading;
  return { label: nameOf(state), description: describe(reading), detail: basename(state.folder), folder: state.folder };
}

function inFront(): string | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  return input instanceof vscode.TabInputCustom && input.viewType === EDITORS.run ? folderOf(input.uri) : undefined;
}
