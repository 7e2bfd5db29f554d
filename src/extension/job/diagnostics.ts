/**
 * What the JSON Schema cannot tell of a job file that is open: a dataset or base that is not there, a name that another job of the
 * workspace has, a misspelt field with what was probably meant.
 */
import { existsSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import * as vscode from 'vscode';
import { parseJsonText, placeOf } from '../../formats/json-edit.ts';
import { isValues } from '../../shared/draft.ts';
import { readJobValues } from '../../shared/job-reading.ts';
import { isPath } from './paths.ts';

const ENDING = '.lora.json';
/** More job files than this are not compared by name. */
const MAX_FILES = 200;
/** Typing is let be for this many milliseconds. */
const PAUSE = 300;

interface Problem {
  readonly path: readonly (string | number)[];
  readonly message: string;
}

export function watchJobFiles(): vscode.Disposable {
  const collection = vscode.languages.createDiagnosticCollection('lowrank');
  const pauses = new Map<string, NodeJS.Timeout>();
  const look = (document: vscode.TextDocument): void => {
    if (!document.uri.fsPath.endsWith(ENDING)) return;
    const key = document.uri.toString();
    clearTimeout(pauses.get(key));
    pauses.set(
      key,
      setTimeout(() => void diagnose(document, collection), PAUSE),
    );
  };
  const listeners = [
    vscode.workspace.onDidOpenTextDocument(look),
    vscode.workspace.onDidSaveTextDocument(look),
    vscode.workspace.onDidChangeTextDocument(({ document }) => {
      look(document);
    }),
    vscode.workspace.onDidCloseTextDocument(({ uri }) => {
      collection.delete(uri);
    }),
  ];
  vscode.workspace.textDocuments.forEach(look);
  return vscode.Disposable.from(collection, ...listeners, {
    dispose: () => {
      for (const pause of pauses.values()) clearTimeout(pause);
    },
  });
}

async function diagnose(document: vscode.TextDocument, collection: vscode.DiagnosticCollection): Promise<void> {
  const text = document.getText();
  const parsed = parseJsonText(text);
  // Broken text is told by the editor itself.
  const values = 'value' in parsed && isValues(parsed.value) ? parsed.value : undefined;
  const problems = values === undefined ? [] : await problemsOf(document.uri.fsPath, values);
  if (document.isClosed || document.getText() !== text) return;
  collection.set(
    document.uri,
    problems.map(({ path, message }) => {
      const { offset, length } = placeOf(text, path) ?? { offset: 0, length: 0 };
      const range = new vscode.Range(document.positionAt(offset), document.positionAt(offset + length));
      const diagnostic = new vscode.Diagnostic(range, message, vscode.DiagnosticSeverity.Warning);
      diagnostic.source = 'Lowrank';
      return diagnostic;
    }),
  );
}

async function problemsOf(file: string, values: Readonly<Record<string, unknown>>): Promise<Problem[]> {
  const { l10n } = vscode;
  const { shown, faults } = readJobValues(values);
  const directory = dirname(file);
  const missing = (path: string): boolean => path !== '' && !existsSync(resolve(directory, path));
  const problems: Problem[] = faults.filter(({ message }) => message.startsWith('there is no such field'));
  if (missing(shown.data))
    problems.push({ path: ['data'], message: l10n.t('There is no such folder; paths are relative to this file.') });
  if (isPath(shown.base) && missing(shown.base))
    problems.push({
      path: ['base'],
      message: l10n.t('There is no such model; write a path relative to this file, hf:owner/name, or sample.'),
    });
  const twin = shown.name === undefined ? undefined : await twinOf(file, shown.name);
  if (twin !== undefined)
    problems.push({
      path: ['name'],
      message: l10n.t('{0} has the same name: their runs cannot be told apart by it.', basename(twin)),
    });
  return problems;
}

/** Another job file of the workspace with this name. */
async function twinOf(file: string, name: string): Promise<string | undefined> {
  const others = await vscode.workspace.findFiles(`**/*${ENDING}`, '**/{node_modules,.lowrank}/**', MAX_FILES);
  for (const uri of others) {
    if (uri.fsPath === file) continue;
    const parsed = parseJsonText(new TextDecoder().decode(await vscode.workspace.fs.readFile(uri)));
    if ('value' in parsed && isValues(parsed.value) && parsed.value['name'] === name) return uri.fsPath;
  }
  return undefined;
}
