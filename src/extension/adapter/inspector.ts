/** One open adapter: reads it in a task, keeps what the view shows, and does what the view asks for. */
import { basename, dirname, join } from 'node:path';
import * as vscode from 'vscode';
import { messageOf } from '../../shared/errors.ts';
import {
  type AdapterState,
  type AdapterWork,
  toHostAdapter,
  type ToHostAdapter,
  type ToViewAdapter,
} from '../../shared/protocol/adapter.ts';
import type { ExportResult } from '../../shared/protocol/results.ts';
import type { Host } from '../host.ts';
import { revealPath } from '../reveal.ts';
import { nameFrame, openPage, type Page } from '../webview-page.ts';
import { workspacePaths } from '../workspace-paths.ts';
import { askForExport, askForFolder, askForFormat } from './destinations.ts';
import { askForBase, locatedBase, rememberBase } from './located-bases.ts';
import { nameOf } from './subject.ts';

/** A run writes its adapter file by file: what changes within this time is read once. */
const SETTLING_MILLISECONDS = 400;

export interface InspectorLinks {
  openAdapter(folder: string): Promise<void>;
  tryIt(subject: string): void;
}

export class Inspector implements vscode.Disposable {
  readonly folder: string;
  readonly #host: Host;
  readonly #links: InspectorLinks;
  readonly #page: Page<ToViewAdapter>;
  readonly #disposables: vscode.Disposable[] = [];
  #state: AdapterState;
  #reading = new AbortController();
  #read: Promise<void> = Promise.resolve();
  #working: AbortController | undefined;
  #settling: NodeJS.Timeout | undefined;

  constructor(host: Host, uri: vscode.Uri, panel: vscode.WebviewPanel, links: InspectorLinks) {
    this.folder = dirname(uri.fsPath);
    this.#host = host;
    this.#links = links;
    this.#state = {
      name: nameOf(this.folder),
      phase: vscode.workspace.isTrusted ? 'reading' : 'untrusted',
      problem: null,
      inspection: null,
      locatedBase: locatedBase(host, this.folder),
      work: null,
      exported: null,
      refused: null,
    };
    nameFrame(panel, vscode.l10n.t('Inspector of {0}', basename(uri.fsPath)));
    this.#page = openPage(host, panel.webview, {
      name: 'adapter',
      title: nameOf(this.folder),
      incoming: toHostAdapter,
      receive: (message) => this.#receive(message),
    });
    const watcher = vscode.workspace.createFileSystemWatcher(
      new vscode.RelativePattern(vscode.Uri.file(this.folder), '{adapter_*,lowrank.json,trained.safetensors}'),
    );
    const changed = (): void => {
      clearTimeout(this.#settling);
      this.#settling = setTimeout(() => void this.read(), SETTLING_MILLISECONDS);
    };
    this.#disposables.push(
      watcher,
      watcher.onDidChange(changed),
      watcher.onDidCreate(changed),
      vscode.workspace.onDidGrantWorkspaceTrust(() => void this.read()),
    );
  }

  dispose(): void {
    clearTimeout(this.#settling);
    this.#reading.abort();
    this.#working?.abort();
    for (const disposable of this.#disposables) disposable.dispose();
  }

  /** Reads the files anew; what was read before stays in sight meanwhile. */
  read(): Promise<void> {
    return (this.#read = this.#readNow());
  }

  async #readNow(): Promise<void> {
    if (!vscode.workspace.isTrusted) return;
    this.#reading.abort();
    const { signal } = (this.#reading = new AbortController());
    const base = locatedBase(this.#host, this.folder);
    const isFirst = this.#state.inspection === null;
    this.#update({
      phase: 'reading',
      problem: null,
      locatedBase: base,
      ...(isFirst && { work: { what: 'read', done: 0, total: null } }),
    });
    try {
      const inspection = await this.#host.tasks.run(
        { task: 'inspect', path: this.folder, base, folders: workspacePaths() },
        {
          signal,
          onProgress: (done, total) => {
            if (isFirst) this.#progress('read', done, total);
          },
        },
      );
      this.#update({ phase: 'ready', inspection, ...(isFirst && { work: null }) });
    } catch (error) {
      if (!signal.aborted) this.#update({ phase: 'broken', problem: messageOf(error), ...(isFirst && { work: null }) });
    }
  }

  /** Asks for what is missing (format, images, place) and writes; what came of it is told in the view. */
  async export(format?: string): Promise<void> {
    await this.#read;
    const { inspection } = this.#state;
    if (inspection === null || this.#working !== undefined) return;
    const option =
      inspection.formats.find((candidate) => candidate.format === format) ?? (await askForFormat(inspection));
    const target = option && (await askForExport(inspection, option));
    if (target === undefined) return;
    const { folder, base } = inspection;
    const exported = await this.#work('export', (signal, onProgress) =>
      this.#host.tasks.run(
        // The base that was found, so that what is exported is what was looked at.
        {
          task: 'export',
          path: folder,
          base: this.#state.locatedBase ?? (base.problem === null ? base.name : null),
          folders: workspacePaths(),
          ...target,
        },
        { signal, onProgress },
      ),
    );
    if (exported !== undefined) this.#update({ exported });
  }

  async #resize(rank: number): Promise<void> {
    if (this.#working !== undefined) return;
    const out = await askForFolder(
      `${this.folder}-r${rank}`,
      vscode.l10n.t('A new folder for the adapter of rank {0}', rank),
    );
    if (out === undefined) return;
    const resized = await this.#work('resize', (signal, onProgress) =>
      this.#host.tasks.run({ task: 'resize', path: this.folder, rank, out }, { signal, onProgress }),
    );
    if (resized === undefined) return;
    // The smaller one has the same base.
    await rememberBase(this.#host, resized.out, this.#state.locatedBase ?? this.#state.inspection?.base.name ?? null);
    await this.#links.openAdapter(resized.out);
  }

  async #work<T>(
    what: AdapterWork['what'],
    run: (signal: AbortSignal, onProgress: (done: number, total: number | null) => void) => Promise<T>,
  ): Promise<T | undefined> {
    const working = (this.#working = new AbortController());
    this.#update({ work: { what, done: 0, total: null }, refused: null, ...(what === 'export' && { exported: null }) });
    try {
      return await run(working.signal, (done, total) => {
        this.#progress(what, done, total);
      });
    } catch (error) {
      if (!working.signal.aborted) this.#update({ refused: { what, message: messageOf(error) } });
      return undefined;
    } finally {
      this.#working = undefined;
      this.#update({ work: null });
    }
  }

  async #receive(message: ToHostAdapter): Promise<void> {
    switch (message.type) {
      case 'ready':
        this.#post();
        return;
      case 'read-again':
        await this.read();
        return;
      case 'locate-base':
        await this.#locateBase();
        return;
      case 'forget-base':
        await rememberBase(this.#host, this.folder, null);
        await this.read();
        return;
      case 'resize':
        await this.#resize(message.rank);
        return;
      case 'export':
        await this.export(message.format);
        return;
      case 'cancel':
        this.#working?.abort();
        return;
      case 'try-it':
        this.#links.tryIt(this.folder);
        return;
      case 'reveal':
        await this.#reveal(message.path);
        return;
      case 'open-file':
        await this.#openConfig(message.path);
        return;
      case 'copy':
        await vscode.env.clipboard.writeText(message.text);
        return;
      default:
        message satisfies never;
    }
  }

  async #locateBase(): Promise<void> {
    const chosen = await askForBase(this.#state.inspection?.base.name ?? null);
    if (chosen === undefined) return;
    await rememberBase(this.#host, this.folder, chosen);
    await this.read();
  }

  /** Only what the last export wrote, or the adapter itself. */
  async #reveal(path: string): Promise<void> {
    const known = [this.folder, ...filesOf(this.#state.exported)];
    if (known.includes(path)) await revealPath(path);
  }

  /** Its own text files alone. */
  async #openConfig(name: string): Promise<void> {
    const uri = vscode.Uri.file(join(this.folder, basename(name)));
    await vscode.commands.executeCommand('vscode.openWith', uri, 'default');
  }

  #progress(what: AdapterWork['what'], done: number, total: number | null): void {
    this.#state = { ...this.#state, work: { what, done, total } };
    this.#page.post({ type: 'progress', done, total });
  }

  #update(changes: Partial<AdapterState>): void {
    this.#state = { ...this.#state, ...changes };
    this.#post();
  }

  #post(): void {
    this.#page.post({ type: 'state', state: this.#state });
  }
}

function filesOf(exported: ExportResult | null): readonly string[] {
  return exported === null ? [] : [exported.out, ...exported.files];
}
