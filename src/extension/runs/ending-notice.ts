/** The one notification of a run: that it has ended, with what to do next. Only for runs that were seen at work by this window. */
import * as vscode from 'vscode';
import { formatShare } from '../../shared/format.ts';
import { isLively } from '../../shared/run/status.ts';
import type { Change } from './catalogue.ts';
import { nameOf, reachedBy } from './words.ts';

/** Null where nothing is to be told. */
function noticeOf({ before, after }: Change): { text: string; bad: boolean; actions: Action[] } | null {
  const { state } = after;
  const atWork = before !== null && (isLively(before.state.status) || before.state.status === 'queued');
  if (!atWork || after.health === 'waiting') return null;
  const name = nameOf(state);
  const metric = reachedBy(state);
  switch (state.status) {
    case 'finished': {
      const text =
        metric.value === null
          ? vscode.l10n.t('{0} has finished.', name)
          : metric.name === 'accuracy'
            ? vscode.l10n.t(
                '{0} has finished: {1} of the validation images are right.',
                name,
                formatShare(metric.value),
              )
            : vscode.l10n.t('{0} has finished: {1} {2}.', name, metric.name, formatShare(metric.value));
      return { text, bad: false, actions: ['open', 'try', 'export'] };
    }
    case 'failed':
      return {
        text: vscode.l10n.t('{0} has failed: {1}', name, state.summary.failure?.message ?? ''),
        bad: true,
        actions: ['open'],
      };
    case 'interrupted':
      return {
        text: vscode.l10n.t('{0} was interrupted: its trainer is gone. It can go on from its last checkpoint.', name),
        bad: true,
        actions: ['open', 'resume'],
      };
    case 'queued':
    case 'running':
    case 'paused':
    case 'stopped':
      return null;
    default:
      return state.status satisfies never;
  }
}

type Action = 'open' | 'try' | 'export' | 'resume';

const COMMAND_OF = {
  open: 'lowrank.openRun',
  try: 'lowrank.tryIt',
  export: 'lowrank.exportAdapter',
  resume: 'lowrank.resumeRun',
} as const satisfies Record<Action, string>;

function labelOf(action: Action): string {
  switch (action) {
    case 'open':
      return vscode.l10n.t('Open');
    case 'try':
      return vscode.l10n.t('Try It');
    case 'export':
      return vscode.l10n.t('Export');
    case 'resume':
      return vscode.l10n.t('Resume');
    default:
      return action satisfies never;
  }
}

export async function tellEnd(change: Change): Promise<void> {
  const notice = noticeOf(change);
  if (notice === null) return;
  const items = notice.actions.map((action) => ({ title: labelOf(action), action }));
  const show = notice.bad ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
  const chosen = await show(notice.text, ...items);
  if (chosen !== undefined)
    await vscode.commands.executeCommand(COMMAND_OF[chosen.action], vscode.Uri.file(change.folder));
}
