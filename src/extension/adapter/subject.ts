/** Which adapter a command means: what it was handed, what is open, or what the user picks. */
import { existsSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';
import * as vscode from 'vscode';
import { InputError } from '../../shared/errors.ts';
import { RUN_PATHS } from '../../shared/run/layout.ts';
import { listRuns } from '../../shared/run/read-run.ts';
import { EDITORS } from '../contributions.ts';

const ADAPTER_FILES = ['adapter_model.safetensors', 'adapter_config.json'] as const;
/** What `full` trained, for which PEFT has no file. */
const WHOLE_FILE = 'trained.safetensors';

/** The run or the adapter's folder; undefined where the user picked none. */
export async function chooseSubject(args: readonly unknown[], title: string): Promise<string | undefined> {
  const given = pathOf(args[0]) ?? pathOfActiveEditor();
  return given === undefined ? await pickSubject(title) : await folderOf(given);
}

/** The folder with the adapter itself: of a run that of the best evaluation, else of the last step. Throws where there is none. */
export function adapterFolderOf(subject: string): string {
  const candidates = existsSync(join(subject, RUN_PATHS.identity))
    ? [RUN_PATHS.best, RUN_PATHS.adapter].map((name) => join(subject, name))
    : [subject];
  const found = candidates.find((folder) =>
    [...ADAPTER_FILES, WHOLE_FILE].some((name) => existsSync(join(folder, name))),
  );
  if (found !== undefined) return found;
  throw new InputError(
    candidates.length > 1
      ? vscode.l10n.t('this run has no adapter yet; it is written at the first evaluation and at the end')
      : vscode.l10n.t('no adapter here: neither {0} nor {1}', ...ADAPTER_FILES),
    { file: subject },
  );
}

/** The file that the inspector opens on. */
export function weightsFileOf(folder: string): string {
  const [weights] = ADAPTER_FILES;
  return join(
    folder,
    existsSync(join(folder, weights)) || !existsSync(join(folder, WHOLE_FILE)) ? weights : WHOLE_FILE,
  );
}

/** As a person knows it: within its workspace folder where it lies in one. */
export function nameOf(path: string): string {
  const root = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(path));
  const inside = root === undefined ? '' : relative(root.uri.fsPath, path);
  return inside === '' ? path : inside;
}

/** A resource of the Explorer, an item of the runs tree, or a path from another command. */
function pathOf(argument: unknown): string | undefined {
  if (typeof argument === 'string') return argument;
  if (argument instanceof vscode.Uri) return argument.fsPath;
  if (typeof argument !== 'object' || argument === null) return undefined;
  if ('folder' in argument && typeof argument.folder === 'string') return argument.folder;
  if ('resourceUri' in argument && argument.resourceUri instanceof vscode.Uri) return argument.resourceUri.fsPath;
  return undefined;
}

function pathOfActiveEditor(): string | undefined {
  const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
  const views: readonly string[] = [EDITORS.adapter, EDITORS.adapterConfig, EDITORS.run];
  return input instanceof vscode.TabInputCustom && views.includes(input.viewType) ? input.uri.fsPath : undefined;
}

async function folderOf(path: string): Promise<string> {
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  return isFolder ? path : dirname(path);
}

interface SubjectItem extends vscode.QuickPickItem {
  readonly path: string | null;
}

/** A run of the workspace that has an adapter, or a folder from anywhere. */
export async function pickSubject(title: string): Promise<string | undefined> {
  const browse: SubjectItem = {
    label: `$(folder-opened) ${vscode.l10n.t('Adapter folder…')}`,
    description: vscode.l10n.t('a PEFT directory from anywhere'),
    path: null,
  };
  const picked = await vscode.window.showQuickPick([...(await runsWithAdapter()), browse], {
    title,
    placeHolder: vscode.l10n.t('A run or an adapter'),
    matchOnDescription: true,
  });
  if (picked === undefined) return undefined;
  if (picked.path !== null) return picked.path;
  const [folder] =
    (await vscode.window.showOpenDialog({
      canSelectFiles: false,
      canSelectFolders: true,
      title: vscode.l10n.t('A folder with adapter_model.safetensors'),
    })) ?? [];
  return folder?.fsPath;
}

async function runsWithAdapter(): Promise<SubjectItem[]> {
  const items: SubjectItem[] = [];
  for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
    const { runs } = await listRuns(uri.fsPath);
    for (const { folder, identity } of runs) {
      if (!existsSync(join(folder, RUN_PATHS.best)) && !existsSync(join(folder, RUN_PATHS.adapter))) continue;
      const created = new Date(identity.created).toLocaleString(vscode.env.language);
      items.push({ label: identity.name, description: `${created} · ${basename(folder)}`, path: folder });
    }
  }
  return items;
}
