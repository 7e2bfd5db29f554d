/** What a bug report needs: versions, where things run, the machine. No paths of the user's, not even in what went wrong. */
import { cpus, freemem, homedir, totalmem } from 'node:os';
import * as vscode from 'vscode';
import { messageOf } from '../shared/errors.ts';
import { formatBytes } from '../shared/format.ts';
import { withoutPaths } from '../shared/without-paths.ts';
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

async function diagnosticsOf(host: Host): Promise<string> {
  const { extension } = host.context;
  const { version } = extension.packageJSON as { version: string };
  const { isTrusted, workspaceFolders = [] } = vscode.workspace;
  const facts: [string, string][] = [
    ['Lowrank', version],
    ['VS Code', `${vscode.version} (${vscode.env.appName}, ${vscode.env.appHost}, ${vscode.env.language})`],
    ['Where', vscode.env.remoteName ?? 'local'],
    ['Workspace', `${workspaceFolders.length} folders, ${isTrusted ? 'trusted' : 'not trusted'}`],
    ['System', `${process.platform}-${process.arch}, ${cpus().length} × ${cpus()[0]?.model.trim() ?? 'CPU'}`],
    ['Memory', `${formatBytes(totalmem())}, ${formatBytes(freemem())} free`],
    ['Host', `Node ${process.version}${electron()}`],
    ['Runtime', await host.runtime.paths().then(() => 'ready', messageOf)],
    ['Engines', await enginesOf(host)],
    ['Settings', settings()],
  ];
  const places = [homedir(), extension.extensionUri.fsPath, ...workspaceFolders.map(({ uri }) => uri.fsPath)];
  return facts.map(([name, value]) => `${name}: ${withoutPaths(value, places)}`).join('\n');
}

function electron(): string {
  const version = process.versions['electron'];
  return version === undefined ? '' : ` in Electron ${version}`;
}

async function enginesOf({ tasks }: Host): Promise<string> {
  // In Restricted Mode nothing is started, not even for a report.
  if (!vscode.workspace.isTrusted) return 'not asked';
  try {
    const { engines } = await tasks.run({ task: 'engines' });
    return engines
      .map(
        ({ name, device, threads, automatic }) =>
          `${name} on ${device}, ${threads} threads${automatic ? ' (auto)' : ''}`,
      )
      .join('; ');
  } catch (error) {
    return messageOf(error);
  }
}

/** Which differ from their defaults; their values may be paths. */
function settings(): string {
  const names = ['keepAwake', 'runtime.node', 'hub.cache', 'hub.endpoint'];
  const configuration = vscode.workspace.getConfiguration('lowrank');
  const changed = names.filter((name) => {
    const found = configuration.inspect(name);
    return found?.globalValue !== undefined || found?.workspaceValue !== undefined;
  });
  return changed.length === 0 ? 'all as they come' : `changed: ${changed.join(', ')}`;
}
