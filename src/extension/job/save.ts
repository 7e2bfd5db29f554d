/** *Save job…*: what differs from the defaults, as a `*.lora.json` beside the dataset's workspace folder. */
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { writeFileAtomic } from '../../formats/atomic-write.ts';
import type { Job } from '../../shared/job.ts';
import { writtenJob } from '../../shared/job-reading.ts';
import { EDITORS } from '../contributions.ts';
import { relativeJob } from './paths.ts';
import { rootFor } from './start.ts';

const ENDING = '.lora.json';

/** `job` with absolute paths. Nothing happens where the dialog is dismissed. */
export async function saveJob(job: Job): Promise<void> {
  const root = rootFor(job.data) ?? dirname(job.data);
  const proposed = join(root, `${job.name ?? basename(job.data)}${ENDING}`);
  const chosen = await vscode.window.showSaveDialog({
    title: vscode.l10n.t('Save the job'),
    defaultUri: vscode.Uri.file(proposed),
    filters: { [vscode.l10n.t('Fine-tuning job')]: ['lora.json'] },
  });
  if (chosen === undefined) return;
  const file = chosen.fsPath.endsWith(ENDING)
    ? chosen.fsPath
    : `${chosen.fsPath.replace(/(\.lora)?\.json$/, '')}${ENDING}`;
  await writeFileAtomic(file, `${JSON.stringify(writtenJob(relativeJob(job, file, root)), null, 2)}\n`);
  const open = vscode.l10n.t('Open');
  const answer = await vscode.window.showInformationMessage(vscode.l10n.t('Saved {0}.', basename(file)), open);
  if (answer === open) await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(file), EDITORS.job);
}
