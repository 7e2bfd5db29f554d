/** The draft of this workspace: one job that is being written without a file, with its own undo, kept over reloads. */
import * as vscode from 'vscode';
import {
  assigned,
  type Draft,
  editDraft,
  isValues,
  type JobEdit,
  type JobValues,
  newDraft,
  redo,
  replaceDraft,
  undo,
} from '../../shared/draft.ts';
import { CONTEXT } from '../contributions.ts';
import type { JobSource, SourceText } from './source.ts';

const KEY = 'lowrank.draft';

export class DraftSource implements JobSource {
  readonly #memory: vscode.Memento;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChange = this.#changed.event;
  /** Its paths are absolute. */
  readonly directory = '';
  #draft: Draft | undefined;

  constructor(memory: vscode.Memento) {
    this.#memory = memory;
    this.#draft = keptDraft(memory.get(KEY));
    this.#tell();
  }

  get exists(): boolean {
    return this.#draft !== undefined;
  }

  get canUndo(): boolean {
    return (this.#draft?.past.length ?? 0) > 0;
  }

  get canRedo(): boolean {
    return (this.#draft?.future.length ?? 0) > 0;
  }

  read(): SourceText {
    return { values: this.#draft?.present ?? {}, broken: null };
  }

  /** Another job; the one before is a step back. */
  begin(values: JobValues): void {
    this.#set(this.#draft === undefined ? newDraft(values) : replaceDraft(this.#draft, values));
  }

  edit(edits: readonly JobEdit[]): Promise<void> {
    this.#set(editDraft(this.#draft ?? newDraft({}), edits));
    return Promise.resolve();
  }

  /** What is chosen for the user at first is no step to undo. */
  fill(edit: JobEdit): void {
    if (this.#draft !== undefined) this.#set({ ...this.#draft, present: assigned(this.#draft.present, edit) });
  }

  undo(): void {
    this.#set((this.#draft && undo(this.#draft)) ?? this.#draft);
  }

  redo(): void {
    this.#set((this.#draft && redo(this.#draft)) ?? this.#draft);
  }

  dispose(): void {
    this.#changed.dispose();
  }

  #set(draft: Draft | undefined): void {
    if (draft === this.#draft) return;
    this.#draft = draft;
    this.#tell();
    void this.#memory.update(KEY, draft);
    this.#changed.fire(undefined);
  }

  #tell(): void {
    void vscode.commands.executeCommand('setContext', CONTEXT.hasDraft, this.exists);
  }
}

/** An older version may have kept another form: that draft is gone, which is better than a broken panel. */
function keptDraft(kept: unknown): Draft | undefined {
  if (!isValues(kept)) return undefined;
  const { past, present, future } = kept;
  const whole = Array.isArray(past) && Array.isArray(future) && isValues(present);
  return whole ? { past: past.filter(isValues), present, future: future.filter(isValues) } : undefined;
}
