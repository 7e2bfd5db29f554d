/** Ends a trainer that no longer answers. Its run is then interrupted, and can go on from its last checkpoint. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import { InputError } from '../../shared/errors.ts';
import type { RunState } from '../../shared/run/read-run.ts';
import { holderHere } from './run-view.ts';

export async function endTrainer({ folder, holder, summary }: RunState): Promise<void> {
  const pid = holderHere(folder);
  if (pid === null) {
    throw new InputError(
      vscode.l10n.t('Process {0} is on {1}; end it there.', holder?.pid ?? '?', holder?.host ?? '?'),
      { file: folder },
    );
  }
  const end = vscode.l10n.t('End Process');
  const saved = summary.checkpoint?.step;
  const detail =
    saved === undefined
      ? vscode.l10n.t('It has saved no checkpoint yet: the run would begin anew.')
      : vscode.l10n.t('The run can go on from its checkpoint of step {0}.', saved);
  const text = vscode.l10n.t('The trainer (process {0}) shows no sign of life. End it?', pid);
  if ((await vscode.window.showWarningMessage(text, { modal: true, detail }, end)) !== end) return;
  if (process.platform === 'win32') await promisify(execFile)('taskkill', ['/pid', String(pid), '/T', '/F']);
  // Its group: a trainer leads its own.
  else process.kill(-pid, 'SIGKILL');
}
