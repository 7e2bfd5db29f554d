/** Everything about finished adapters: the inspector, exports, Try it. */
import * as vscode from 'vscode';
import { type Commands, EDITORS } from '../contributions.ts';
import type { Host } from '../host.ts';
import { Inspector } from './inspector.ts';
import { adapterFolderOf, chooseSubject, weightsFileOf } from './subject.ts';
import { openTryIt } from './try-it.ts';

export interface Adapters {
  readonly editor: { resolve(uri: vscode.Uri, panel: vscode.WebviewPanel): Promise<void> };
  readonly commands: Pick<Commands, 'lowrank.inspectAdapter' | 'lowrank.exportAdapter' | 'lowrank.tryIt'>;
}

export function createAdapters(host: Host): Adapters {
  /** By the adapter's folder; of several views on one the latest. */
  const open = new Map<string, Inspector>();
  /** Adapters whose export was asked for before their editor was there. */
  const wanted = new Set<string>();

  const openAdapter = async (folder: string): Promise<void> => {
    const uri = vscode.Uri.file(weightsFileOf(folder));
    await vscode.commands.executeCommand('vscode.openWith', uri, EDITORS.adapter);
  };
  const tryIt = (subject: string): void => {
    openTryIt(host, subject);
  };

  return {
    editor: {
      resolve: (uri, panel) => {
        const inspector = new Inspector(host, uri, panel, { openAdapter, tryIt });
        open.set(inspector.folder, inspector);
        panel.onDidDispose(() => {
          inspector.dispose();
          if (open.get(inspector.folder) === inspector) open.delete(inspector.folder);
        });
        // Not awaited: the view is there at once and says that it reads.
        void inspector.read();
        if (wanted.delete(inspector.folder)) void inspector.export();
        return Promise.resolve();
      },
    },
    commands: {
      'lowrank.inspectAdapter': async (...args) => {
        const subject = await chooseSubject(args, vscode.l10n.t('Inspect an adapter'));
        if (subject !== undefined) await openAdapter(adapterFolderOf(subject));
      },
      'lowrank.exportAdapter': async (...args) => {
        const subject = await chooseSubject(args, vscode.l10n.t('Export an adapter'));
        if (subject === undefined) return;
        const folder = adapterFolderOf(subject);
        const inspector = open.get(folder);
        if (inspector === undefined) wanted.add(folder);
        await openAdapter(folder);
        await inspector?.export();
      },
      'lowrank.tryIt': async (...args) => {
        const subject = await chooseSubject(args, vscode.l10n.t('Try an adapter'));
        if (subject !== undefined) tryIt(subject);
      },
    },
  };
}
