/** *Create Sample Dataset…*: drawings to try Lowrank out with, then the form on them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { InputError } from '../../shared/errors.ts';
import type { Host } from '../host.ts';

/** The new folder; undefined where a person thought better of it. */
export async function createSample({ tasks }: Host): Promise<string | undefined> {
  const { l10n, window, workspace } = vscode;
  if (!workspace.isTrusted) throw new InputError(l10n.t('This workspace is not trusted.'));
  const root = workspace.workspaceFolders?.[0]?.uri.fsPath;
  if (root === undefined) throw new InputError(l10n.t('Open a folder first: the sample is written into it.'));
  const name = await window.showInputBox({
    title: l10n.t('Create the sample dataset'),
    prompt: l10n.t('A new folder in this workspace'),
    value: 'lowrank-sample',
    validateInput: (text) => {
      if (!/^[\w.-]+$/.test(text) || /^\.+$/.test(text)) return l10n.t('letters, digits, dots and dashes');
      return existsSync(join(root, text)) ? l10n.t('there is a folder of this name already') : undefined;
    },
  });
  if (name === undefined) return undefined;
  const out = join(root, name);
  const title = l10n.t('Drawing the sample dataset');
  const options = { location: vscode.ProgressLocation.Notification, title, cancellable: true };
  await window.withProgress(options, async (progress, token) => {
    const ending = new AbortController();
    token.onCancellationRequested(() => {
      ending.abort(new InputError(l10n.t('Cancelled.')));
    });
    let before = 0;
    await tasks.run(
      { task: 'sample', out },
      {
        signal: ending.signal,
        onProgress: (done, total) => {
          if (total === null || total === 0) return;
          progress.report({ increment: (100 * (done - before)) / total });
          before = done;
        },
      },
    );
  });
  return out;
}
