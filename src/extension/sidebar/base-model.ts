/** The bases a job can name: of earlier jobs, of the workspace, of the hub's cache, and the sample. */
import * as vscode from 'vscode';
import { messageOf } from '../../shared/errors.ts';
import type { BasesState } from '../../shared/protocol/sidebar.ts';
import type { Host } from '../host.ts';
import { workspacePaths } from '../workspace-paths.ts';

const RECENT_KEY = 'lowrank.recentBases';
const MAX_RECENT = 8;

export class BaseModel {
  readonly #host: Host;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChange = this.#changed.event;
  #state: Omit<BasesState, 'recent'> = { searching: false, found: [], message: null };
  #search: Promise<void> | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  get state(): BasesState {
    return { ...this.#state, recent: this.#recent };
  }

  /** What a new job starts with: the latest base that was used, else a model of the workspace, else the sample. */
  get preferred(): string {
    const usable = this.#state.found.filter(({ obstacle }) => obstacle === null);
    const known = new Set(usable.map(({ base }) => base));
    const recent = this.#recent.find((base) => known.has(base) || base.startsWith('hf:'));
    return recent ?? usable.find(({ kind }) => kind !== 'sample')?.base ?? 'sample';
  }

  /** Once, unless it is asked for again. */
  find(again = false): Promise<void> {
    if (this.#search === undefined || again) this.#search = this.#find();
    return this.#search;
  }

  async remember(base: string): Promise<void> {
    const recent = [base, ...this.#recent.filter((other) => other !== base)].slice(0, MAX_RECENT);
    await this.#host.context.globalState.update(RECENT_KEY, recent);
    this.#changed.fire(undefined);
  }

  dispose(): void {
    this.#changed.dispose();
  }

  get #recent(): readonly string[] {
    const kept: unknown = this.#host.context.globalState.get(RECENT_KEY);
    return Array.isArray(kept) ? kept.filter((base) => typeof base === 'string') : [];
  }

  async #find(): Promise<void> {
    if (!vscode.workspace.isTrusted) return;
    this.#set({ ...this.#state, searching: true, message: null });
    try {
      const { bases } = await this.#host.tasks.run({ task: 'bases', folders: workspacePaths() });
      this.#set({ searching: false, found: bases, message: null });
    } catch (error) {
      this.#set({ ...this.#state, searching: false, message: messageOf(error) });
    }
  }

  #set(state: Omit<BasesState, 'recent'>): void {
    this.#state = state;
    this.#changed.fire(undefined);
  }
}
