import * as vscode from 'vscode';

/** The folders of the workspace, as paths; none in a window without a folder. */
export function workspacePaths(): string[] {
  return (vscode.workspace.workspaceFolders ?? []).map(({ uri }) => uri.fsPath);
}
