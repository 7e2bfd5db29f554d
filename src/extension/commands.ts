/** Every command of the extension, by the name package.json gives it. */
import * as vscode from 'vscode';

export const commands = {
  'lowrank.showVersion': async (context: vscode.ExtensionContext) => {
    const { version } = context.extension.packageJSON as { version: string };
    await vscode.window.showInformationMessage(vscode.l10n.t('Lowrank {0} on {1}', version, process.platform));
  },
} satisfies Record<`lowrank.${string}`, (context: vscode.ExtensionContext) => Promise<void>>;
