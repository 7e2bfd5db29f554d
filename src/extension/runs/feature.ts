/** Runs in the editor: started, queued, shown while they go on and after, found again by every window. */
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { messageOf } from '../../shared/errors.ts';
import { CONTEXT, EDITORS } from '../contributions.ts';
import type { Host, RunStarter } from '../host.ts';
import { Catalogue } from './catalogue.ts';
import { createCommands, type RunCommands } from './commands.ts';
import { tellEnd } from './ending-notice.ts';
import { type FilteredView, RunsFilter } from './filter.ts';
import { runFile, RunPanel } from './run-panel.ts';
import { Starter } from './starter.ts';
import { StatusBar } from './status-bar.ts';
import { Trainers } from './trainers.ts';
import { runItems } from './tree.ts';

export interface Runs {
  readonly starter: RunStarter;
  readonly tree: { children(item: vscode.TreeItem | undefined): Promise<vscode.TreeItem[]> };
  readonly editor: { resolve(uri: vscode.Uri, panel: vscode.WebviewPanel): Promise<void> };
  readonly commands: RunCommands;
  dispose(): Promise<void>;
}

export function createRuns(
  host: Omit<Host, 'runs'>,
  changed: vscode.EventEmitter<undefined>,
  view: FilteredView,
): Runs {
  const catalogue = new Catalogue();
  const filter = new RunsFilter(catalogue);
  const starter = new Starter(host, catalogue, new Trainers(host));
  const statusBar = new StatusBar(catalogue);
  const tell = (error: unknown): void => {
    host.log.error(error instanceof Error ? error : String(error));
    void vscode.window.showErrorMessage(messageOf(error));
  };
  const subscriptions = [
    catalogue.onDidChange((changes) => {
      changed.fire(undefined);
      for (const change of changes) void tellEnd(change).then(undefined, tell);
      void starter.advance().catch(tell);
      setContext(catalogue);
    }),
    filter.onDidChange(() => {
      changed.fire(undefined);
    }),
    vscode.workspace.onDidGrantWorkspaceTrust(() => void catalogue.refresh()),
  ];
  const open = async (folder: string): Promise<void> => {
    await vscode.commands.executeCommand('vscode.openWith', runFile(folder), EDITORS.run);
  };
  const first = catalogue.refresh();
  return {
    starter: {
      start: (job, root) => starter.start(job, root),
      open,
      ofDataset: async (path) => {
        await first;
        return starter.ofDataset(path);
      },
      onDidChange: catalogue.onDidChange,
    },
    tree: {
      children: async (item) => {
        await first;
        if (item !== undefined) return [];
        filter.tell(view);
        return runItems(filter.list());
      },
    },
    editor: {
      resolve: async (uri, panel) => {
        await RunPanel.open(host, dirname(uri.fsPath), panel);
      },
    },
    commands: createCommands({ host, catalogue, starter, filter, open }),
    // Trainers go on: they are no part of this window.
    dispose: () => {
      for (const each of [...subscriptions, statusBar, filter, catalogue]) each.dispose();
      return Promise.resolve();
    },
  };
}

/** What `when` clauses know of runs: the state of the newest. */
function setContext(catalogue: Catalogue): void {
  const [newest] = catalogue.list().flatMap(({ found }) => ('state' in found ? [found] : []));
  void vscode.commands.executeCommand('setContext', CONTEXT.runStatus, newest?.state.status);
}
