/** The entry VS Code calls. Activation registers commands and nothing else; a command loads what it needs when it runs. */
import * as vscode from 'vscode';
import { commands } from './commands.ts';

export function activate(context: vscode.ExtensionContext): void {
  for (const [name, command] of Object.entries(commands)) {
    context.subscriptions.push(vscode.commands.registerCommand(name, () => command(context)));
  }
}
