/** *Fine-Tune with LoRA…*: from the Explorer, the palette or a welcome text to a draft in the side panel. */
import { existsSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import * as vscode from 'vscode';
import { jobSchema } from '../../shared/job.ts';
import { writtenJob } from '../../shared/job-reading.ts';
import { RUN_PATHS } from '../../shared/run/layout.ts';
import { readRun } from '../../shared/run/read-run.ts';
import { VIEWS } from '../contributions.ts';
import type { Host } from '../host.ts';
import { chooseDataset } from '../job/choose.ts';
import type { DraftSource } from '../job/draft-source.ts';
import type { DatasetModel } from './dataset-model.ts';

export interface FineTuneOf {
  readonly host: Host;
  readonly draft: DraftSource;
  readonly dataset: DatasetModel;
}

/**
 * `resource`: a folder, `data.yaml` or a file of labels; without one the workspace is looked at, then asked for. A run's folder stands for
 * its job, to be edited and started anew.
 */
export async function fineTune({ host, draft, dataset }: FineTuneOf, resource: unknown): Promise<void> {
  await revealPanel();
  // The panel says why nothing happens.
  if (!vscode.workspace.isTrusted) return;
  if (resource instanceof vscode.Uri && existsSync(join(resource.fsPath, RUN_PATHS.identity))) {
    draft.begin(await jobOf(resource.fsPath));
    await vscode.commands.executeCommand('lowrank.openJob');
    return;
  }
  const path = resource instanceof vscode.Uri ? await datasetOf(host, resource) : await whichFolder(host);
  if (path === undefined) return;
  const isSame = draft.read().values['data'] === path;
  const runs = await host.runs.ofDataset(path);
  const [newest] = runs;
  if (newest === undefined) {
    if (!isSame) draft.begin({ data: path });
    else await dataset.look(path);
    return;
  }
  const choice = await askAboutRuns(path, newest, runs.length);
  if (choice === 'open') await host.runs.open(newest);
  else if (choice === 'new') draft.begin({ data: path });
  else if (choice === 'edit' && !isSame) draft.begin(await jobOf(newest, path));
}

export async function revealPanel(): Promise<void> {
  await vscode.commands.executeCommand(`${VIEWS.lora}.focus`);
}

/** The usual description stands for its folder, another one for itself, and a file of labels for what it belongs to. */
async function datasetOf(host: Host, { fsPath }: vscode.Uri): Promise<string> {
  if (/^data\.ya?ml$/i.test(basename(fsPath))) return dirname(fsPath);
  if (!fsPath.endsWith('.json')) return resolve(fsPath);
  const survey = await host.tasks.run({ task: 'survey', path: fsPath }).catch(() => undefined);
  return survey?.kind === 'part' ? survey.whole : dirname(fsPath);
}

/** The only workspace folder where it is a dataset itself; else a person says. */
async function whichFolder(host: Host): Promise<string | undefined> {
  const [only, ...others] = vscode.workspace.workspaceFolders ?? [];
  if (only !== undefined && others.length === 0) {
    const path = only.uri.fsPath;
    const survey = await host.tasks.run({ task: 'survey', path }).catch(() => undefined);
    if (survey?.kind === 'dataset') return path;
  }
  return await chooseDataset();
}

async function askAboutRuns(path: string, newest: string, count: number): Promise<'open' | 'new' | 'edit' | undefined> {
  const { l10n } = vscode;
  const items = [
    { label: l10n.t('$(graph-line) Open the newest run'), description: basename(newest), id: 'open' as const },
    { label: l10n.t('$(add) New run'), description: l10n.t('with a fresh form'), id: 'new' as const },
    { label: l10n.t('$(edit) Edit the job'), description: l10n.t('the form as it was'), id: 'edit' as const },
  ];
  const title =
    count === 1 ? l10n.t('{0} has a run', basename(path)) : l10n.t('{0} has {1} runs', basename(path), String(count));
  // The panel that was just revealed takes the focus when it has loaded.
  return (await vscode.window.showQuickPick(items, { title, ignoreFocusOut: true }))?.id;
}

/** `data`: where the dataset is now, if that is known. */
async function jobOf(run: string, data?: string): Promise<Readonly<Record<string, unknown>>> {
  const { job } = (await readRun(run)).identity;
  return writtenJob(jobSchema.parse({ ...job, data: data ?? job.data }));
}
