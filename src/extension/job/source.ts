/** Where a form's job lives: in the draft of this workspace, or in a `*.lora.json` that is open. A form does not know which. */
import type * as vscode from 'vscode';
import type { JobEdit, JobValues } from '../../shared/draft.ts';

export interface SourceText {
  /** What was set; the last that could be read while the text is broken. */
  readonly values: JobValues;
  readonly broken: { readonly message: string; readonly line: number } | null;
}

export interface JobSource {
  /** Where relative paths start. */
  readonly directory: string;
  read(): SourceText;
  /** All edits as one step of undo. */
  edit(edits: readonly JobEdit[]): Promise<void>;
  readonly onDidChange: vscode.Event<undefined>;
}
