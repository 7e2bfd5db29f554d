/**
 * The runs of all workspace folders. Those that may change are looked at every two seconds, the others when a file system watcher or
 * a window that was opened again says so: a workspace without a run at work costs nothing.
 */
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as vscode from 'vscode';
import { RUNS_PATH } from '../../shared/run/layout.ts';
import { mayChange, type Reading, RunReader, type Unreadable } from './run-reader.ts';

export interface Listed {
  readonly folder: string;
  readonly found: Reading | Unreadable;
}

/** A run whose state went from one to another while this window watched. */
export interface Change {
  readonly folder: string;
  readonly before: Reading | null;
  readonly after: Reading;
}

const LOOK_MS = 2_000;
/** A watcher reports a new run file by file. */
const SETTLE_MS = 200;
/** More than anyone reads; the oldest are left out. */
const MAX_RUNS = 1000;

export class Catalogue implements vscode.Disposable {
  readonly #readers = new Map<string, RunReader>();
  readonly #found = new Map<string, Reading | Unreadable>();
  readonly #changed = new vscode.EventEmitter<readonly Change[]>();
  readonly #disposables: Pick<vscode.Disposable, 'dispose'>[] = [this.#changed];
  #refreshing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #disposed = false;

  /** After each look that found something new. */
  readonly onDidChange = this.#changed.event;

  constructor() {
    const settle = (): void => {
      this.#lookIn(SETTLE_MS, true);
    };
    const runs = `**/${RUNS_PATH.join('/')}/*`;
    for (const [pattern, changes] of [
      ['run.json', true],
      // A lease changes with every heartbeat; that there is a new one is news.
      ['lease/*.json', false],
    ] as const) {
      const watcher = vscode.workspace.createFileSystemWatcher(`${runs}/${pattern}`, false, !changes);
      this.#disposables.push(
        watcher,
        watcher.onDidCreate(settle),
        watcher.onDidChange(settle),
        watcher.onDidDelete(settle),
      );
    }
    this.#disposables.push(
      vscode.workspace.onDidChangeWorkspaceFolders(settle),
      vscode.window.onDidChangeWindowState(({ focused }) => {
        if (focused) settle();
      }),
    );
  }

  /** The newest first. */
  list(): readonly Listed[] {
    return [...this.#found]
      .map(([folder, found]) => ({ folder, found }))
      .toSorted((a, b) => createdOf(b) - createdOf(a) || b.folder.localeCompare(a.folder));
  }

  reading(folder: string): Reading | null {
    const found = this.#found.get(folder);
    return found !== undefined && 'state' in found ? found : null;
  }

  /** Looks at everything again. */
  async refresh(): Promise<void> {
    await this.#refreshing;
    await (this.#refreshing ??= this.#refresh().finally(() => (this.#refreshing = undefined)));
  }

  async #refresh(): Promise<void> {
    const folders = await runFolders();
    for (const folder of this.#readers.keys()) if (!folders.includes(folder)) this.#forget(folder);
    for (const folder of folders) if (!this.#readers.has(folder)) this.#readers.set(folder, new RunReader(folder));
    await this.#look(folders, true);
  }

  #forget(folder: string): void {
    this.#readers.delete(folder);
    this.#found.delete(folder);
  }

  async #look(folders: Iterable<string>, always = false): Promise<void> {
    const changes: Change[] = [];
    let different = always;
    for (const folder of folders) {
      const reader = this.#readers.get(folder);
      if (reader === undefined) continue;
      const before = this.#found.get(folder);
      const after = await reader.look();
      if (this.#disposed) return;
      this.#found.set(folder, after);
      if ('gone' in after) {
        different ||= before === undefined || 'state' in before;
        // Another window or a person has deleted it: it is no run any more.
        if (after.gone) this.#forget(folder);
        continue;
      }
      const known = before !== undefined && 'state' in before ? before : null;
      different ||= after.events !== known?.events || after.health !== known.health;
      if (after.state.status !== known?.state.status) {
        different = true;
        changes.push({ folder, before: known, after });
      }
    }
    if (different) this.#changed.fire(changes);
    this.#lookIn(LOOK_MS, false);
  }

  /** The next look at those that may change; `all` takes the folder's names again. */
  #lookIn(delay: number, all: boolean): void {
    if (this.#disposed) return;
    const lively = [...this.#found]
      .filter(([, found]) => 'state' in found && mayChange(found))
      .map(([folder]) => folder);
    if (!all && lively.length === 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      void (all ? this.refresh() : this.#look(lively));
    }, delay);
  }

  dispose(): void {
    this.#disposed = true;
    clearTimeout(this.#timer);
    for (const each of this.#disposables) each.dispose();
  }
}

async function runFolders(): Promise<string[]> {
  const folders: string[] = [];
  for (const { uri } of vscode.workspace.workspaceFolders ?? []) {
    if (uri.scheme !== 'file') continue;
    const runs = join(uri.fsPath, ...RUNS_PATH);
    // Run folders begin with their date; hidden ones are being made or taken away.
    const names = (await readdir(runs).catch(() => [])).filter((name) => !name.startsWith('.'));
    folders.push(
      ...names
        .toSorted()
        .reverse()
        .slice(0, MAX_RUNS)
        .map((name) => join(runs, name)),
    );
  }
  return folders;
}

/** An unreadable run sorts by the date in its name. */
function createdOf({ folder, found }: Listed): number {
  if ('state' in found) return found.state.identity.created;
  const [, date = ''] = /^(\d{4}-\d{2}-\d{2})/.exec(basename(folder)) ?? [];
  return Date.parse(date) || 0;
}
