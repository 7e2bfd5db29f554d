/** The job editor: a form on a source, in the tab of a job file or in one of its own for the draft. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { InputError } from '../../shared/errors.ts';
import { readJobValues } from '../../shared/job-reading.ts';
import { type JobState, toHostJob, type ToHostJob, type ToViewJob } from '../../shared/protocol/job.ts';
import type { Host } from '../host.ts';
import { openPage, type Page } from '../webview-page.ts';
import { chooseBase, chooseDataset } from './choose.ts';
import { DraftSource } from './draft-source.ts';
import { absoluteJob } from './paths.ts';
import type { Planner } from './planner.ts';
import { saveJob } from './save.ts';
import type { JobSource } from './source.ts';
import { obstacleOf, startJob } from './start.ts';

export interface JobFormOf {
  readonly host: Host;
  readonly source: JobSource;
  readonly planner: Planner;
  /** The job file; undefined for the draft. */
  readonly document?: vscode.TextDocument;
  /** What the source does not know: faults of its dataset, for instance. */
  readonly alsoBlocked?: () => string | null;
}

/** Binds a panel to a source until the panel is closed. */
export function openJobForm(form: JobFormOf, panel: vscode.WebviewPanel): void {
  const { host, source, planner, document } = form;
  const page: Page<ToViewJob> = openPage<ToHostJob, ToViewJob>(host, panel.webview, {
    name: 'job',
    title: document === undefined ? vscode.l10n.t('Fine-tuning job') : basename(document.uri.fsPath),
    incoming: toHostJob,
    receive: (message) => receive(message),
  });
  const postState = (): void => {
    page.post({ type: 'state', state: stateOf(form) });
  };
  const postPlan = (): void => {
    page.post({ type: 'plan', plan: planner.state });
  };
  const listeners = [
    source.onDidChange(postState),
    planner.onDidChange(postPlan),
    host.engines.onDidChange(postState),
    vscode.workspace.onDidGrantWorkspaceTrust(postState),
    vscode.workspace.onDidChangeWorkspaceFolders(postState),
  ];
  panel.onDidDispose(() => {
    for (const listener of listeners) listener.dispose();
  });
  void host.engines.look();

  async function receive(message: ToHostJob): Promise<void> {
    switch (message.type) {
      case 'ready':
        postState();
        postPlan();
        return;
      case 'open-file':
        await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(message.path));
        return;
      case 'edit':
        await source.edit(message.edits);
        return;
      case 'pack':
        await host.engines.act(message);
        return;
      case 'do':
        await act(form, message.what);
        return;
      default:
        message satisfies never;
    }
  }
}

function stateOf({ host, source, document, alsoBlocked }: JobFormOf): JobState {
  const { values, broken } = source.read();
  const reading = readJobValues(values);
  const draft = source instanceof DraftSource ? source : undefined;
  const words = broken === null ? obstacleOf(reading) : vscode.l10n.t('The text is no valid JSON.');
  return {
    trusted: vscode.workspace.isTrusted,
    source: draft === undefined ? 'document' : 'draft',
    title: document === undefined ? vscode.l10n.t('New job') : basename(document.uri.fsPath),
    reading,
    broken,
    canUndo: draft?.canUndo ?? false,
    canRedo: draft?.canRedo ?? false,
    blocked: words ?? alsoBlocked?.() ?? null,
    engines: host.engines.state,
  };
}

type Action = Extract<ToHostJob, { type: 'do' }>['what'];

async function act(form: JobFormOf, what: Action): Promise<void> {
  const { host, source, document } = form;
  switch (what) {
    case 'start':
    case 'save-job': {
      const { job } = readJobValues(source.read().values);
      const { blocked } = stateOf(form);
      if (job === null || (what === 'start' && blocked !== null))
        throw new InputError(blocked ?? vscode.l10n.t('The job is not complete.'));
      const whole = absoluteJob(job, source.directory);
      await (what === 'start' ? startJob(host, whole) : saveJob(whole));
      return;
    }
    case 'undo':
      if (source instanceof DraftSource) source.undo();
      else await vscode.commands.executeCommand('undo');
      return;
    case 'redo':
      if (source instanceof DraftSource) source.redo();
      else await vscode.commands.executeCommand('redo');
      return;
    case 'browse-data':
    case 'browse-base': {
      const field = what === 'browse-data' ? 'data' : 'base';
      const value = await (field === 'data' ? chooseDataset() : chooseBase());
      if (value !== undefined) await source.edit([{ path: [field], value }]);
      return;
    }
    case 'open-text':
      if (document !== undefined) await vscode.commands.executeCommand('vscode.openWith', document.uri, 'default');
      return;
    default:
      what satisfies never;
  }
}
