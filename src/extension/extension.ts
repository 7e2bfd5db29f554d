/**
 * The entry VS Code calls: small, since every window pays for it. It registers what package.json contributes, and loads the rest
 * (`host.cjs`) when one of it is first used, or when a run of this workspace is going on.
 */
import * as vscode from 'vscode';
import { COMMANDS, EDITORS, VIEWS } from './contributions.ts';
import { hasLivelyRun } from './glance.ts';
import type { LoadedHost } from './main.ts';

let loaded: Promise<LoadedHost> | undefined;

export function activate(context: vscode.ExtensionContext): void {
  const runsChanged = new vscode.EventEmitter<undefined>();
  const host = (): Promise<LoadedHost> =>
    (loaded ??= import('./main.ts').then(({ createHost }) => createHost(context, runsChanged, runsView)));
  const runsView = vscode.window.createTreeView<vscode.TreeItem>(VIEWS.runs, {
    // Several runs are compared.
    canSelectMany: true,
    treeDataProvider: {
      getTreeItem: (item) => item,
      getChildren: async (item) => (await host()).runsTree.children(item),
      onDidChangeTreeData: runsChanged.event,
    },
  });
  const { subscriptions } = context;
  for (const id of COMMANDS) {
    subscriptions.push(
      vscode.commands.registerCommand(id, async (...args: unknown[]) => (await host()).commands[id](...args)),
    );
  }
  subscriptions.push(
    vscode.window.registerWebviewViewProvider(VIEWS.lora, {
      resolveWebviewView: async (view) => {
        (await host()).sidebar.resolve(view);
      },
    }),
    runsView,
    vscode.window.registerCustomEditorProvider(EDITORS.job, {
      resolveCustomTextEditor: async (document, panel) => {
        (await host()).jobEditor.resolve(document, panel);
      },
    }),
    registerReadonly(EDITORS.run, async (uri, panel) => (await host()).runEditor.resolve(uri, panel)),
    ...[EDITORS.adapter, EDITORS.adapterConfig].map((id) =>
      registerReadonly(id, async (uri, panel) => (await host()).adapterEditor.resolve(uri, panel)),
    ),
  );
  void hasLivelyRun((vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath)).then((lively) => {
    if (lively) void host();
  });
}

export async function deactivate(): Promise<void> {
  await (await loaded)?.dispose();
}

function registerReadonly(
  id: string,
  resolve: (uri: vscode.Uri, panel: vscode.WebviewPanel) => Promise<void>,
): vscode.Disposable {
  return vscode.window.registerCustomEditorProvider(id, {
    openCustomDocument: (uri) => ({ uri, dispose: () => undefined }),
    resolveCustomEditor: ({ uri }, panel) => resolve(uri, panel),
  });
}
