/** Several runs laid over each other in one panel, with the fields in which their jobs differ. */
import * as vscode from 'vscode';
import { differingFields } from '../../shared/run/differing-fields.ts';
import {
  type ComparedRun,
  type RunViewState,
  type ToHostRun,
  toHostRun,
  type ToViewRun,
} from '../../shared/protocol/run.ts';
import { thinSeries } from '../../shared/run/series.ts';
import type { Host } from '../host.ts';
import { openPage } from '../webview-page.ts';
import { mayChange, type Reading, RunReader } from './run-reader.ts';
import { reportOf } from './run-view.ts';
import { nameOf, reachedBy } from './words.ts';

const LOOK_MS = 2_000;
/** Points a curve: many curves share the width of the panel. */
const MAX_POINTS = 1_000;

export function openComparison(host: Omit<Host, 'runs'>, folders: readonly string[]): void {
  const panel = vscode.window.createWebviewPanel(
    'lowrank.compare',
    vscode.l10n.t('Compare Runs'),
    vscode.ViewColumn.Active,
  );
  const readers = folders.map((folder) => new RunReader(folder, { curves: true }));
  let timer: NodeJS.Timeout | undefined;
  let sent = '';
  const show = async (always: boolean): Promise<void> => {
    clearTimeout(timer);
    const found = await Promise.all(readers.map(async (reader) => ({ reader, look: await reader.look() })));
    const readable = found.flatMap(({ reader, look }) => ('state' in look ? [{ reader, reading: look }] : []));
    const state = stateOf(readable);
    const text = JSON.stringify(state);
    if (always || text !== sent) page.post({ type: 'state', state });
    sent = text;
    // Runs that have all ended are read no more; one that waits will begin.
    if (readable.some(({ reading }) => mayChange(reading)) && panel.visible)
      timer = setTimeout(() => void show(false), LOOK_MS);
  };
  const page = openPage<ToHostRun, ToViewRun>(host, panel.webview, {
    name: 'run',
    title: vscode.l10n.t('Compare Runs'),
    incoming: toHostRun,
    receive: async (message) => {
      if (message.type === 'ready') await show(true);
      if (message.type === 'open-run') await vscode.commands.executeCommand('lowrank.openRun', message.folder);
    },
  });
  panel.onDidDispose(() => {
    clearTimeout(timer);
  });
}

function stateOf(runs: readonly { readonly reader: RunReader; readonly reading: Reading }[]): RunViewState {
  const fields = differingFields(runs.map(({ reading }) => reading.state.identity.job));
  return {
    kind: 'compare',
    runs: runs.map(({ reader, reading }) => comparedOf(reader, reading)),
    fields: fields.map(({ field, values }) => ({ field, values: values.map(inWords) })),
  };
}

function comparedOf(reader: RunReader, { state }: Reading): ComparedRun {
  const { steps, evaluations } = thinSeries(reader.series, MAX_POINTS);
  const report = reportOf(reader.folder);
  return {
    folder: reader.folder,
    name: nameOf(state),
    status: state.status,
    validation: evaluations.validation,
    training: { step: steps.step, loss: steps.loss },
    metric: reachedBy(state),
    adapterBytes: report?.files.adapterBytes ?? state.identity.setup?.parameters.adapterBytes ?? null,
    seconds: report?.seconds ?? null,
  };
}

function inWords(value: unknown): string {
  if (value === undefined || value === null) return '–';
  return typeof value === 'string' ? value : JSON.stringify(value);
}
