/** The commands on runs, from the tree, the palette, the panel and the status bar. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { messageOf } from '../../shared/errors.ts';
import type { ControlCommand } from '../../shared/run/control.ts';
import { RUN_PATHS } from '../../shared/run/layout.ts';
import { sendControl } from '../../shared/run/send-control.ts';
import { isLively } from '../../shared/run/status.ts';
import type { Commands } from '../contributions.ts';
import { revealPath } from '../reveal.ts';
import { chooseRun, chosenOf, folderOf, pickOf } from './choose-run.ts';
import { openComparison } from './compare-panel.ts';
import { continueRun } from './continue-run.ts';
import { endTrainer } from './end-trainer.ts';
import { exportRunsCsv } from './export-csv.ts';
import { copyPaths, deleteRuns, renameRun, trashRun } from './manage.ts';
import type { Reading } from './run-reader.ts';
import type { RunServices } from './services.ts';

export type RunCommands = Pick<
  Commands,
  | 'lowrank.openRun'
  | 'lowrank.pauseRun'
  | 'lowrank.resumeRun'
  | 'lowrank.checkpointRun'
  | 'lowrank.stopRun'
  | 'lowrank.continueRun'
  | 'lowrank.compareRuns'
  | 'lowrank.revealRun'
  | 'lowrank.showRunLog'
  | 'lowrank.refreshRuns'
  | 'lowrank.renameRun'
  | 'lowrank.deleteRun'
  | 'lowrank.copyRunPath'
  | 'lowrank.filterRuns'
  | 'lowrank.clearRunsFilter'
  | 'lowrank.exportRunsCsv'
>;

export function createCommands(services: RunServices): RunCommands {
  const { host, catalogue, starter, filter } = services;
  /** A command about the runs chosen in the tree, or about one; what goes wrong is told. */
  const aboutAll =
    (title: string, work: (folders: readonly string[]) => Promise<unknown>) =>
    (...args: readonly unknown[]): Promise<void> => {
      const chosen = chosenOf(args);
      return chosen.length > 1 ? tellFaults(() => work(chosen)) : about(title, (folder) => work([folder]))(...args);
    };
  /** A command about one run; what goes wrong is told. */
  const about =
    (title: string, work: (folder: string) => Promise<unknown>, fits?: (reading: Reading) => boolean) =>
    async (...args: readonly unknown[]): Promise<void> => {
      const folder = await chooseRun(catalogue, args, title, fits);
      if (folder === undefined) return;
      await tellFaults(() => work(folder));
    };
  const tellFaults = async (work: () => Promise<unknown>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      host.log.error(error instanceof Error ? error : String(error));
      void vscode.window.showErrorMessage(messageOf(error));
    }
    await catalogue.refresh();
  };
  const control = (title: string, command: ControlCommand): ((...args: readonly unknown[]) => Promise<void>) =>
    about(
      title,
      (folder) => sendControl(folder, command),
      ({ state }) => state.status === 'running',
    );
  return {
    'lowrank.openRun': about(vscode.l10n.t('Open which run?'), (folder) => services.open(folder)),
    'lowrank.pauseRun': control(vscode.l10n.t('Pause which run?'), 'pause'),
    'lowrank.checkpointRun': control(vscode.l10n.t('Save a checkpoint of which run?'), 'checkpoint'),
    'lowrank.resumeRun': about(
      vscode.l10n.t('Resume which run?'),
      (folder) => starter.resume(folder),
      ({ state }) => ['queued', 'paused', 'stopped', 'interrupted', 'failed'].includes(state.status),
    ),
    'lowrank.stopRun': about(
      vscode.l10n.t('Stop which run?'),
      (folder) => stop(services, folder),
      ({ state }) => isLively(state.status) || state.status === 'queued',
    ),
    'lowrank.continueRun': about(
      vscode.l10n.t('Continue which run?'),
      (folder) => continueRun(services, folder),
      ({ state }) => state.status === 'finished' || state.status === 'stopped',
    ),
    'lowrank.compareRuns': (...args) => compare(services, args),
    'lowrank.revealRun': about(vscode.l10n.t('Reveal which run?'), revealPath),
    'lowrank.showRunLog': about(vscode.l10n.t('Show the log of which run?'), showLog),
    'lowrank.refreshRuns': () => catalogue.refresh(),
    'lowrank.renameRun': about(vscode.l10n.t('Rename which run?'), renameRun),
    'lowrank.deleteRun': aboutAll(vscode.l10n.t('Delete which run?'), (folders) => deleteRuns(services, folders)),
    'lowrank.copyRunPath': aboutAll(vscode.l10n.t('Copy the path of which run?'), copyPaths),
    'lowrank.filterRuns': () => filter.ask(),
    'lowrank.clearRunsFilter': () => {
      filter.clear();
    },
    'lowrank.exportRunsCsv': () => tellFaults(() => exportRunsCsv(services)),
  };
}

/** Asks the trainer to save and stop; one that hangs is ended, a waiting run leaves the queue. */
async function stop(services: RunServices, folder: string): Promise<void> {
  const reading = services.catalogue.reading(folder);
  if (reading?.health === 'silent') await endTrainer(reading.state);
  else if (reading?.state.status === 'queued') await leaveQueue(services, folder);
  else await sendControl(folder, 'stop');
}

/** A run that never began holds nothing but its job. */
async function leaveQueue({ starter }: RunServices, folder: string): Promise<void> {
  const remove = vscode.l10n.t('Move to Trash');
  const answer = await vscode.window.showWarningMessage(
    vscode.l10n.t('This run has not begun. Take it out of the queue?'),
    { modal: true, detail: folder },
    remove,
  );
  if (answer === remove) await trashRun(starter, folder);
}

async function showLog(folder: string): Promise<void> {
  const log = join(folder, RUN_PATHS.log);
  if (existsSync(log)) await vscode.window.showTextDocument(vscode.Uri.file(log), { preview: true });
  else void vscode.window.showInformationMessage(vscode.l10n.t('This run has no log yet.'));
}

/** The runs chosen in the tree, or picked from all; at least two. */
async function compare({ host, catalogue }: RunServices, args: readonly unknown[]): Promise<void> {
  const chosen = chosenOf(args);
  if (chosen.length > 1) {
    openComparison(host, chosen);
    return;
  }
  const first = folderOf(args[0]);
  await catalogue.refresh();
  const runs = catalogue.list().flatMap(({ found }) => ('state' in found ? [found] : []));
  if (runs.length < 2) {
    void vscode.window.showInformationMessage(vscode.l10n.t('There are no two runs in this workspace to compare.'));
    return;
  }
  const picks = runs.map((reading) => ({ ...pickOf(reading), picked: reading.state.folder === first }));
  const picked = await vscode.window.showQuickPick(picks, {
    title: vscode.l10n.t('Compare which runs?'),
    canPickMany: true,
    matchOnDescription: true,
  });
  if (picked === undefined) return;
  if (picked.length < 2) void vscode.window.showInformationMessage(vscode.l10n.t('Choose at least two runs.'));
  else
    openComparison(
      host,
      picked.map(({ folder }) => folder),
    );
}
