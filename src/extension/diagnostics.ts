/** What a bug report needs: versions, where the runtime lies, the machine. No paths of the user's data. */
import { cpus, totalmem } from 'node:os';
import * as vscode from 'vscode';
import { messageOf } from '../shared/errors.ts';
import { formatBytes } from '../shared/format.ts';
import type { Commands } from './contributions.ts';
import type { Host } from './host.ts';

export function createDiagnostics(host: Host): Pick<Commands, 'lowrank.copyDiagnostics' | 'lowrank.showLog'> {
  return {
    'lowrank.showLog': () => {
      host.log.show();
    },
    'lowrank.copyDiagnostics': async () => {
      await vscode.env.clipboard.writeText(await diagnosticsOf(host));
      await vscode.window.showInformationMessage(vscode.l10n.t('Diagnostics copied. They name no file of yours.'));
    },
  };
}

async function diagnosticsOf({ context, runtime, tasks }: Host): Promise<string> {
  const { version } = context.extension.packageJSON as { version: string };
  const facts: [string, string][] = [
    ['Lowrank', version],
    ['VS Code', `${vscode.version} (${vscode.env.appName}, ${vscode.env.remoteName ?? 'local'})`],
    [
      'System',
      `${process.platform}-${process.arch}, ${cpus().length} × ${cpus()[0]?.model ?? 'CPU'}, ${formatBytes(totalmem())}`,
    ],
    ['Host', process.version],
    ['Runtime', await runtime.paths().then(() => 'ready', messageOf)],
    ['Engines', await tasks.run({ task: 'engines' }).then((engines) => JSON.stringify(engines), messageOf)],
  ];
  return facts.map(([name, value]) => `${name}: ${value}`).join('\n');
}
