/** Everything behind the entry, wired once: the services that features share, and the features. */
import * as vscode from 'vscode';
import { createAdapters } from './adapter/feature.ts';
import type { Commands } from './contributions.ts';
import { createDiagnostics } from './diagnostics.ts';
import { EnginesModel } from './engines/engines-model.ts';
import type { Host } from './host.ts';
import { createRuns } from './runs/feature.ts';
import { Runtime } from './runtime/runtime.ts';
import { Tasks } from './runtime/tasks.ts';
import { createSidebar } from './sidebar/feature.ts';

export interface LoadedHost {
  readonly commands: Commands;
  readonly sidebar: { resolve(view: vscode.WebviewView): void };
  readonly runsTree: { children(item: vscode.TreeItem | undefined): Promise<vscode.TreeItem[]> };
  readonly jobEditor: { resolve(document: vscode.TextDocument, panel: vscode.WebviewPanel): void };
  readonly runEditor: { resolve(uri: vscode.Uri, panel: vscode.WebviewPanel): Promise<void> };
  readonly adapterEditor: { resolve(uri: vscode.Uri, panel: vscode.WebviewPanel): Promise<void> };
  dispose(): Promise<void>;
}

export function createHost(
  context: vscode.ExtensionContext,
  runsChanged: vscode.EventEmitter<undefined>,
  runsView: vscode.TreeView<vscode.TreeItem>,
): LoadedHost {
  const log = vscode.window.createOutputChannel('Lowrank', { log: true });
  const runtime = new Runtime(context, log);
  const tasks = new Tasks(runtime, log);
  const engines = new EnginesModel({ tasks, log });
  const services = { context, log, runtime, tasks, engines };
  const runs = createRuns(services, runsChanged, runsView);
  const host: Host = { ...services, runs: runs.starter };
  const sidebar = createSidebar(host);
  const adapters = createAdapters(host);
  return {
    commands: { ...runs.commands, ...sidebar.commands, ...adapters.commands, ...createDiagnostics(host) },
    sidebar: sidebar.view,
    runsTree: runs.tree,
    jobEditor: sidebar.jobEditor,
    runEditor: runs.editor,
    adapterEditor: adapters.editor,
    dispose: async () => {
      await runs.dispose();
      sidebar.dispose();
      engines.dispose();
      log.dispose();
    },
  };
}
