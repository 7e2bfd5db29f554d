/** Shows where a file or folder lies: in the Explorer, or in the system's file manager where the workspace does not hold it. */
import * as vscode from 'vscode';

export async function revealPath(path: string): Promise<void> {
  const uri = vscode.Uri.file(path);
  const inside = vscode.workspace.getWorkspaceFolder(uri) !== undefined;
  await vscode.commands.executeCommand(inside ? 'revealInExplorer' : 'revealFileInOS', uri);
}
