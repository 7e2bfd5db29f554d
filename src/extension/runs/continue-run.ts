/** Continues a run that has ended with more epochs, from its last checkpoint. */
import * as vscode from 'vscode';
import { extendRun } from '../../trainer/extend-run.ts';
import { readRun } from '../../shared/run/read-run.ts';
import type { RunServices } from './services.ts';

/** Of `job.training.epochs`; the schema holds the same. */
const MAX_EPOCHS = 10_000;

export async function continueRun({ starter }: RunServices, folder: string): Promise<void> {
  const { identity } = await readRun(folder);
  const done = identity.job.training.epochs;
  const answer = await vscode.window.showInputBox({
    title: vscode.l10n.t('Continue with more epochs'),
    prompt: vscode.l10n.t(
      'The run has {0} epochs. How many shall it have in all? The learning rate follows its schedule to the new end.',
      done,
    ),
    value: String(done * 2),
    validateInput: (text) =>
      isMore(text, done) ? null : vscode.l10n.t('A whole number above {0}, at most {1}', done, MAX_EPOCHS),
  });
  if (answer === undefined) return;
  await extendRun(folder, Number(answer));
  await starter.resume(folder);
}

function isMore(text: string, than: number): boolean {
  const epochs = Number(text);
  return Number.isInteger(epochs) && epochs > than && epochs <= MAX_EPOCHS;
}
