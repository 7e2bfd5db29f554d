/** Side panel and job editor: what `main.ts` wires of them. */
import * as vscode from 'vscode';
import type { Commands } from '../contributions.ts';
import type { Host } from '../host.ts';
import { watchJobFiles } from '../job/diagnostics.ts';
import { JobEditors } from '../job/job-editors.ts';
import { fineTune, revealPanel } from './fine-tune.ts';
import { createSample } from './sample.ts';
import { Sidebar } from './sidebar.ts';

interface SidebarFeature {
  readonly view: { resolve(view: vscode.WebviewView): void };
  readonly jobEditor: { resolve(document: vscode.TextDocument, panel: vscode.WebviewPanel): void };
  readonly commands: Pick<
    Commands,
    | 'lowrank.fineTune'
    | 'lowrank.openJob'
    | 'lowrank.start'
    | 'lowrank.sweepRanks'
    | 'lowrank.saveJob'
    | 'lowrank.undo'
    | 'lowrank.redo'
    | 'lowrank.createSample'
  >;
  dispose(): void;
}

export function createSidebar(host: Host): SidebarFeature {
  const sidebar = new Sidebar(host);
  const editors = new JobEditors(host);
  const jobFiles = watchJobFiles();
  const { draft, dataset, planner } = sidebar;
  return {
    view: sidebar,
    jobEditor: editors,
    commands: {
      'lowrank.fineTune': (resource) => fineTune({ host, draft, dataset }, resource),
      'lowrank.openJob': (resource) =>
        editors.open(resource, { source: draft, planner, alsoBlocked: () => sidebar.blocked }),
      'lowrank.start': async () => {
        await revealPanel();
        await sidebar.start();
      },
      'lowrank.sweepRanks': async () => {
        await revealPanel();
        await sidebar.sweep();
      },
      'lowrank.saveJob': () => sidebar.save(),
      'lowrank.undo': () => {
        draft.undo();
      },
      'lowrank.redo': () => {
        draft.redo();
      },
      'lowrank.createSample': async () => {
        const folder = await createSample(host);
        if (folder !== undefined) await fineTune({ host, draft, dataset }, vscode.Uri.file(folder));
      },
    },
    dispose: () => {
      jobFiles.dispose();
      editors.dispose();
      sidebar.dispose();
    },
  };
}
