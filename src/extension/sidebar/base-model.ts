/** The bases a job can name: of earlier jobs, of the workspace and the folders of a setting, of the hub's cache, and the sample. */
import { isAbsolute } from 'node:path';
import * as vscode from 'vscode';
import type { DatasetReport } from '../../shared/dataset-report.ts';
import { messageOf } from '../../shared/errors.ts';
import type { BaseCandidate } from '../../shared/protocol/results.ts';
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

  /**
   * What a new job starts with: the latest base for its task that was used, else a model of the workspace, else the sample. Undefined
   * before they were looked for, and where there is none.
   */
  preferredFor(task: NonNullable<DatasetReport['task']>): string | undefined {
    const usable = this.#state.found.filter((found) => found.obstacle === null && isFor(found, task));
    const known = new Set(usable.map(({ base }) => base));
    // What the hub has is for classes; of a file of any name a recent job knew what it is for.
    const recent = this.#recent.find(
      (base) => known.has(base) || (task === 'classification' && base.startsWith('hf:')),
    );
    const sure = usable.filter(({ kind, task: told }) => kind !== 'sample' && told === task);
    return recent ?? (sure[0] ?? usable.find(({ kind }) => kind === 'sample') ?? usable[0])?.base;
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
      const { bases } = await this.#host.tasks.run({
        task: 'bases',
        folders: [...workspacePaths(), ...settledFolders()],
      });
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

/** Whether a base may be one for a task. */
function isFor({ task }: BaseCandidate, wanted: DatasetReport['task']): boolean {
  return task === null || task === wanted;
}

/** Folders outside of the workspace where a person keeps models. */
function settledFolders(): readonly string[] {
  const folders = vscode.workspace.getConfiguration('lowrank').get<unknown>('bases.folders');
  const listed: readonly unknown[] = Array.isArray(folders) ? folders : [];
  return listed.filter((folder) => typeof folder === 'string').filter((folder) => isAbsolute(folder));
}
