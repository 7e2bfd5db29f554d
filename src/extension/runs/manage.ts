/** Housekeeping of runs: another name, into the trash, their paths to the clipboard. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { InputError, messageOf } from '../../shared/errors.ts';
import { livenessOf, readLease } from '../../shared/run/liveness.ts';
import { readIdentity } from '../../shared/run/read-run.ts';
import { rewriteIdentity } from '../../trainer/run-folder.ts';
import type { RunServices } from './services.ts';

/** As long as a job's name may be. */
const MAX_NAME = 80;

/** The name in `run.json`; the folder keeps its own, by which other tools and open panels know it. */
export async function renameRun(folder: string): Promise<void> {
  const { name } = await readIdentity(folder);
  const answer = await vscode.window.showInputBox({
    title: vscode.l10n.t('Rename the run'),
    prompt: vscode.l10n.t('Its folder {0} keeps its name.', basename(folder)),
    value: name,
    validateInput: (text) => {
      const { length } = text.trim();
      return length > 0 && length <= MAX_NAME ? null : vscode.l10n.t('1 to {0} characters', MAX_NAME);
    },
  });
  if (answer === undefined || answer.trim() === name) return;
  // Read again: the question may have stood for long.
  const identity = await readIdentity(folder);
  // Its trainer is about to write the file as well, and one of the two would be lost.
  if (identity.setup === null && isHeld(folder))
    throw new InputError(vscode.l10n.t('The trainer is still preparing this run; rename it once it trains.'));
  await rewriteIdentity(folder, { ...identity, name: answer.trim() });
}

/** After a question; runs that a trainer holds stay. */
export async function deleteRuns({ starter }: Pick<RunServices, 'starter'>, folders: readonly string[]): Promise<void> {
  for (const folder of folders) refuseHeld(starter, folder);
  const [only = ''] = folders;
  const question =
    folders.length === 1
      ? vscode.l10n.t('Delete the run {0} with its checkpoints and adapters?', basename(only))
      : vscode.l10n.t('Delete {0} runs with their checkpoints and adapters?', folders.length);
  const trash = vscode.l10n.t('Move to Trash');
  const detail = folders.join('\n');
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, trash)) !== trash) return;
  for (const folder of folders) await trashRun(starter, folder);
}

/** Throws where a trainer holds the run. Asks before it deletes for good where there is no trash, as on most servers. */
export async function trashRun(starter: RunServices['starter'], folder: string): Promise<void> {
  const uri = vscode.Uri.file(folder);
  refuseHeld(starter, folder);
  try {
    await vscode.workspace.fs.delete(uri, { recursive: true, useTrash: true });
  } catch (error) {
    const permanently = vscode.l10n.t('Delete Permanently');
    const answer = await vscode.window.showWarningMessage(
      vscode.l10n.t('{0} cannot be moved to the trash. Delete it permanently?', basename(folder)),
      { modal: true, detail: messageOf(error) },
      permanently,
    );
    if (answer !== permanently) return;
    // A queued run may have begun while the question stood.
    refuseHeld(starter, folder);
    await vscode.workspace.fs.delete(uri, { recursive: true, useTrash: false });
  }
}

export async function copyPaths(folders: readonly string[]): Promise<void> {
  await vscode.env.clipboard.writeText(folders.join('\n'));
}

function refuseHeld(starter: RunServices['starter'], folder: string): void {
  if (isHeld(folder) || starter.isStarting(folder))
    throw new InputError(vscode.l10n.t('{0} is being trained; stop it first.', basename(folder)));
}

/** By a trainer, of whatever machine. */
function isHeld(folder: string): boolean {
  const lease = readLease(folder);
  return lease !== null && livenessOf(lease) === 'held';
}
