/** A job file that is open in the editor: what the form edits is its text, so that undo, saving and conflicts are the editor's own. */
import { dirname } from 'node:path';
import * as vscode from 'vscode';
import { editJson, parseJsonText } from '../../formats/json-edit.ts';
import { InputError } from '../../shared/errors.ts';
import { isValues, type JobEdit, type JobValues } from '../../shared/draft.ts';
import type { JobSource, SourceText } from './source.ts';

export class DocumentSource implements JobSource {
  readonly #document: vscode.TextDocument;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #listener: vscode.Disposable;
  readonly onDidChange = this.#changed.event;
  /** Shown while the text is broken. */
  #last: JobValues = {};

  constructor(document: vscode.TextDocument) {
    this.#document = document;
    this.#listener = vscode.workspace.onDidChangeTextDocument((event) => {
      if (event.document.uri.toString() === document.uri.toString() && event.contentChanges.length > 0)
        this.#changed.fire(undefined);
    });
  }

  get directory(): string {
    return dirname(this.#document.uri.fsPath);
  }

  read(): SourceText {
    const parsed = parseJsonText(this.#document.getText());
    if ('fault' in parsed) return { values: this.#last, broken: parsed.fault };
    if (!isValues(parsed.value))
      return { values: this.#last, broken: { message: vscode.l10n.t('a job is an object, in braces'), line: 1 } };
    this.#last = parsed.value;
    return { values: parsed.value, broken: null };
  }

  async edit(edits: readonly JobEdit[]): Promise<void> {
    const { broken } = this.read();
    if (broken !== null)
      throw new InputError(vscode.l10n.t('The text is no valid JSON; mend it before using the form.'));
    const document = this.#document;
    const text = document.getText();
    const change = editJson(text === '' ? '{}\n' : text, edits);
    if (change === undefined) return;
    const range = new vscode.Range(
      document.positionAt(change.offset),
      document.positionAt(change.offset + change.length),
    );
    const workspaceEdit = new vscode.WorkspaceEdit();
    if (text === '') workspaceEdit.insert(document.uri, new vscode.Position(0, 0), spliced('{}\n', change));
    else workspaceEdit.replace(document.uri, range, change.text);
    if (!(await vscode.workspace.applyEdit(workspaceEdit)))
      throw new InputError(vscode.l10n.t('The file could not be edited; is it read-only?'));
  }

  dispose(): void {
    this.#listener.dispose();
    this.#changed.dispose();
  }
}

function spliced(text: string, { offset, length, text: inserted }: NonNullable<ReturnType<typeof editJson>>): string {
  return text.slice(0, offset) + inserted + text.slice(offset + length);
}
