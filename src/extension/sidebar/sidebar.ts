/** The side panel: the draft, its dataset, bases and plan, shown by `webview/sidebar`. */
import { resolve } from 'node:path';
import * as vscode from 'vscode';
import { InputError } from '../../shared/errors.ts';
import type { Job } from '../../shared/job.ts';
import { type JobReading, readJobValues } from '../../shared/job-reading.ts';
import {
  type SiblingRun,
  type SidebarState,
  toHostSidebar,
  type ToHostSidebar,
  type ToViewSidebar,
} from '../../shared/protocol/sidebar.ts';
import type { Host } from '../host.ts';
import { chooseBase, chooseDataset } from '../job/choose.ts';
import { DraftSource } from '../job/draft-source.ts';
import { Planner } from '../job/planner.ts';
import { saveJob } from '../job/save.ts';
import { obstacleOf, startJob } from '../job/start.ts';
import { openPage, type Page } from '../webview-page.ts';
import { BaseModel } from './base-model.ts';
import { DatasetModel } from './dataset-model.ts';
import { siblingOf } from './sibling.ts';
import { sweepRanks } from './sweep.ts';

/** While a run goes on, its state is looked at this often, in milliseconds. */
const SIBLING_EVERY = 5000;

export class Sidebar {
  readonly draft: DraftSource;
  readonly dataset: DatasetModel;
  readonly planner: Planner;
  readonly #host: Host;
  readonly #bases: BaseModel;
  readonly #listeners: vscode.Disposable[];
  #page: Page<ToViewSidebar> | undefined;
  #view: vscode.WebviewView | undefined;
  #starting = false;
  #sibling: SiblingRun | null = null;
  #watch: NodeJS.Timeout | undefined;

  constructor(host: Host) {
    this.#host = host;
    this.draft = new DraftSource(host.context.workspaceState);
    this.dataset = new DatasetModel(host);
    this.#bases = new BaseModel(host);
    this.planner = new Planner(host, this.draft, ({ data }) => this.#isDataset(data));
    this.#listeners = [
      this.draft.onDidChange(() => {
        this.#follow();
      }),
      this.dataset.onDidChange((what) => {
        if (what === 'progress') this.#page?.post({ type: 'dataset', dataset: this.dataset.state });
        else {
          this.#fillBase();
          this.planner.update();
          this.#post();
        }
      }),
      this.#bases.onDidChange(() => {
        this.#post();
      }),
      host.engines.onDidChange(() => {
        this.#post();
      }),
      this.planner.onDidChange(() => {
        this.#page?.post({ type: 'plan', plan: this.planner.state });
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        this.dataset.asked = undefined;
        this.#follow();
      }),
      vscode.workspace.onDidChangeWorkspaceFolders(() => {
        this.#post();
      }),
    ];
  }

  resolve(view: vscode.WebviewView): void {
    this.#view = view;
    this.#page = openPage<ToHostSidebar, ToViewSidebar>(this.#host, view.webview, {
      name: 'sidebar',
      title: vscode.l10n.t('LoRA'),
      incoming: toHostSidebar,
      receive: (message) => this.#receive(message),
    });
    view.onDidDispose(() => {
      if (this.#view === view) this.#view = this.#page = undefined;
    });
    view.onDidChangeVisibility(() => {
      if (view.visible) void this.#lookForSibling();
    });
    this.#follow();
  }

  /** Why it cannot start now; null where it can. */
  get blocked(): string | null {
    return obstacleOf(this.#reading) ?? this.dataset.obstacle ?? this.#planObstacle;
  }

  /** Freezes the draft into a run and shows it. */
  async start(): Promise<void> {
    await this.#begin((job) => startJob(this.#host, job));
  }

  /** The same for several ranks. */
  async sweep(): Promise<void> {
    const { status, result } = this.planner.state;
    await this.#begin((job) => sweepRanks(this.#host, job, status === 'ready' ? result : null));
  }

  async #begin(work: (job: Job) => Promise<unknown>): Promise<void> {
    const { job } = this.#reading;
    const { blocked } = this;
    if (job === null || blocked !== null) throw new InputError(blocked ?? vscode.l10n.t('The job is not complete.'));
    if (this.#starting) return;
    this.#starting = true;
    this.#post();
    try {
      await this.#bases.remember(job.base);
      await work(job);
    } finally {
      this.#starting = false;
      await this.#lookForSibling();
    }
  }

  async save(): Promise<void> {
    const { job, faults } = this.#reading;
    if (job === null) throw new InputError(faults[0]?.message ?? vscode.l10n.t('Choose a dataset and a base first.'));
    await saveJob(job);
  }

  dispose(): void {
    clearTimeout(this.#watch);
    for (const listener of this.#listeners) listener.dispose();
    this.planner.dispose();
    this.dataset.dispose();
    this.#bases.dispose();
    this.draft.dispose();
  }

  get #reading(): JobReading {
    return readJobValues(this.draft.read().values);
  }

  get #planObstacle(): string | null {
    const { status, message } = this.planner.state;
    return status === 'failed' ? message : null;
  }

  #isDataset(data: string): boolean {
    return this.dataset.asked === data && this.dataset.obstacle === null;
  }

  /** The draft may name another dataset than before, after an undo as well as after an edit. */
  #follow(): void {
    const { data, base } = this.#reading.shown;
    if (this.draft.exists && data !== '' && data !== this.dataset.asked) void this.dataset.look(data);
    if (this.draft.exists && vscode.workspace.isTrusted) {
      void this.#host.engines.look();
      void this.#bases.find().then(() => {
        this.#fillBase();
      });
    }
    if (base !== '') this.planner.update();
    this.#post();
    void this.#lookForSibling();
  }

  /** Once it is known what the dataset is labelled for, and what there is. */
  #fillBase(): void {
    const { task } = this.dataset;
    if (!this.draft.exists || task === null || this.#reading.shown.base !== '') return;
    const value = this.#bases.preferredFor(task);
    if (value !== undefined) this.draft.fill({ path: ['base'], value });
  }

  async #lookForSibling(): Promise<void> {
    clearTimeout(this.#watch);
    const { job, shown } = this.#reading;
    const before = JSON.stringify(this.#sibling);
    this.#sibling = shown.data === '' ? null : await siblingOf(this.#host, shown.data, job).catch(() => null);
    if (JSON.stringify(this.#sibling) !== before) this.#post();
    clearTimeout(this.#watch);
    if (this.#sibling !== null && this.#view?.visible === true)
      this.#watch = setTimeout(() => void this.#lookForSibling(), SIBLING_EVERY);
  }

  #post(): void {
    this.#page?.post({ type: 'state', state: this.#state });
  }

  get #state(): SidebarState {
    return {
      trusted: vscode.workspace.isTrusted,
      hasFolder: (vscode.workspace.workspaceFolders?.length ?? 0) > 0,
      reading: this.draft.exists ? this.#reading : null,
      dataset: this.dataset.state,
      bases: this.#bases.state,
      blocked: obstacleOf(this.#reading) ?? this.dataset.obstacle,
      starting: this.#starting,
      sibling: this.#sibling,
      engines: this.#host.engines.state,
    };
  }

  async #receive(message: ToHostSidebar): Promise<void> {
    switch (message.type) {
      case 'ready':
        this.#post();
        this.#page?.post({ type: 'plan', plan: this.planner.state });
        return;
      case 'open-file': {
        const at = message.line === undefined ? undefined : new vscode.Position(message.line - 1, 0);
        const options = at === undefined ? {} : { selection: new vscode.Range(at, at) };
        await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(message.path), options);
        return;
      }
      case 'open-run':
        await this.#host.runs.open(message.folder);
        return;
      case 'edit':
        await this.draft.edit(message.edits);
        return;
      case 'pack':
        await this.#host.engines.act(message);
        return;
      case 'do':
        await this.#act(message.what);
        return;
      default:
        message satisfies never;
    }
  }

  async #act(what: Extract<ToHostSidebar, { type: 'do' }>['what']): Promise<void> {
    const { commands } = vscode;
    switch (what) {
      case 'browse-data': {
        const path = await chooseDataset();
        if (path !== undefined) await commands.executeCommand('lowrank.fineTune', vscode.Uri.file(path));
        return;
      }
      case 'use-parent': {
        const { state } = this.dataset;
        if (state.status === 'part') await this.draft.edit([{ path: ['data'], value: resolve(state.whole) }]);
        return;
      }
      case 'check-again': {
        const { asked } = this.dataset;
        if (asked !== undefined) await this.dataset.look(asked);
        return;
      }
      case 'browse-base': {
        const value = await chooseBase();
        if (value === undefined) return;
        await this.#bases.remember(value);
        await this.draft.edit([{ path: ['base'], value }]);
        return;
      }
      case 'find-bases':
        await this.#bases.find(true);
        return;
      case 'start':
        await this.start();
        return;
      case 'save-job':
        await this.save();
        return;
      case 'open-job':
      case 'create-sample':
      case 'show-log':
        await commands.executeCommand(
          { 'open-job': 'lowrank.openJob', 'create-sample': 'lowrank.createSample', 'show-log': 'lowrank.showLog' }[
            what
          ],
        );
        return;
      case 'open-folder':
        await commands.executeCommand('vscode.openFolder');
        return;
      case 'manage-trust':
        await commands.executeCommand('workbench.trust.manage');
        return;
      case 'plan-again':
        this.planner.again();
        return;
      default:
        what satisfies never;
    }
  }
}
