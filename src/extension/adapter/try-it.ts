/** Try it: a panel with one adapter and its base side by side on images of the user's. */
import { basename } from 'node:path';
import * as vscode from 'vscode';
import { messageOf } from '../../shared/errors.ts';
import type { PredictPart } from '../../shared/protocol/results.ts';
import { grown, toHostTry, type ToHostTry, type ToViewTry, type TryState } from '../../shared/protocol/try.ts';
import type { Host } from '../host.ts';
import { openPage, type Page } from '../webview-page.ts';
import { workspacePaths } from '../workspace-paths.ts';
import { ImageStore } from './image-store.ts';
import { askForBase, locatedBase, rememberBase } from './located-bases.ts';
import { adapterFolderOf, nameOf, pickSubject } from './subject.ts';

/** How many of the likeliest classes are told. */
const TOP = 5;
const IMAGE_ENDINGS = ['jpg', 'jpeg', 'png', 'webp', 'bmp'];

/** One panel a subject: asked for again, it comes to the front. */
const panels = new Map<string, vscode.WebviewPanel>();

export function openTryIt(host: Host, subject: string): void {
  const existing = panels.get(subject);
  if (existing !== undefined) {
    existing.reveal();
    return;
  }
  const title = vscode.l10n.t('Try {0}', basename(subject));
  const panel = vscode.window.createWebviewPanel('lowrank.try', title, vscode.ViewColumn.Active);
  panels.set(subject, panel);
  const session = new TrySession(host, subject, panel);
  panel.onDidDispose(() => {
    panels.delete(subject);
    session.dispose();
  });
}

const UNTOUCHED: Pick<TryState, 'models' | 'images' | 'scenes' | 'result' | 'problem'> = {
  models: null,
  images: [],
  scenes: [],
  result: null,
  problem: null,
};

class TrySession implements vscode.Disposable {
  readonly #host: Host;
  readonly #page: Page<ToViewTry>;
  readonly #pasted = new ImageStore();
  readonly #trust: vscode.Disposable;
  #subject: string;
  #state: TryState;
  #running: AbortController | undefined;
  /** What is looked at, to look again with another base or adapter. */
  #images: readonly string[] = [];

  constructor(host: Host, subject: string, panel: vscode.WebviewPanel) {
    this.#host = host;
    this.#subject = subject;
    this.#state = {
      phase: vscode.workspace.isTrusted ? 'ready' : 'untrusted',
      adapter: nameOf(subject),
      source: null,
      running: false,
      ...UNTOUCHED,
    };
    this.#page = openPage(host, panel.webview, {
      name: 'try',
      title: panel.title,
      incoming: toHostTry,
      receive: (message) => this.#receive(message),
    });
    this.#trust = vscode.workspace.onDidGrantWorkspaceTrust(() => {
      this.#update({ phase: 'ready' });
    });
  }

  dispose(): void {
    this.#running?.abort();
    this.#pasted.dispose();
    this.#trust.dispose();
  }

  async #receive(message: ToHostTry): Promise<void> {
    switch (message.type) {
      case 'ready':
        this.#post();
        return;
      case 'choose-images':
        await this.#choose(false);
        return;
      case 'choose-folder':
        await this.#choose(true);
        return;
      case 'choose-adapter':
        await this.#chooseAdapter();
        return;
      case 'locate-base':
        await this.#locateBase();
        return;
      case 'paste':
        // Its files are about to go.
        this.#running?.abort();
        await this.#look(
          await this.#pasted.keep(message.images),
          message.images.length === 1
            ? vscode.l10n.t('Pasted image')
            : vscode.l10n.t('{0} pasted images', message.images.length),
        );
        return;
      case 'drop':
        await this.#drop(message.uris);
        return;
      case 'open-file':
        await this.#openImage(message.path);
        return;
      case 'cancel':
        this.#running?.abort();
        return;
      default:
        message satisfies never;
    }
  }

  async #choose(folder: boolean): Promise<void> {
    const root = vscode.workspace.workspaceFolders?.[0];
    const uris = await vscode.window.showOpenDialog({
      canSelectFiles: !folder,
      canSelectFolders: folder,
      canSelectMany: true,
      ...(!folder && { filters: { [vscode.l10n.t('Images')]: IMAGE_ENDINGS } }),
      title: folder ? vscode.l10n.t('Folders of images to try') : vscode.l10n.t('Images to try'),
      openLabel: vscode.l10n.t('Try'),
      ...(root !== undefined && { defaultUri: root.uri }),
    });
    if (uris !== undefined) await this.#lookAt(uris.map(({ fsPath }) => fsPath));
  }

  async #drop(texts: readonly string[]): Promise<void> {
    const uris = texts.map((text) => vscode.Uri.parse(text));
    const paths = uris
      .filter(({ scheme }) => scheme === 'file' || scheme === 'vscode-remote')
      .map(({ fsPath }) => fsPath);
    if (paths.length > 0) await this.#lookAt(paths);
  }

  async #chooseAdapter(): Promise<void> {
    const chosen = await pickSubject(vscode.l10n.t('Try an adapter'));
    if (chosen === undefined) return;
    this.#subject = chosen;
    this.#update({ adapter: nameOf(chosen), ...UNTOUCHED });
    if (this.#images.length > 0) await this.#look(this.#images, this.#state.source);
  }

  async #locateBase(): Promise<void> {
    const base = await askForBase(null);
    if (base === undefined) return;
    await rememberBase(this.#host, adapterFolderOf(this.#subject), base);
    if (this.#images.length > 0) await this.#look(this.#images, this.#state.source);
  }

  async #lookAt(paths: readonly string[]): Promise<void> {
    const [first] = paths;
    if (first === undefined) return;
    await this.#look(paths, paths.length === 1 ? nameOf(first) : vscode.l10n.t('{0} images or folders', paths.length));
  }

  /** What was going on is given up for it. */
  async #look(images: readonly string[], source: string | null): Promise<void> {
    if (!vscode.workspace.isTrusted) return;
    this.#running?.abort();
    const { signal } = (this.#running = new AbortController());
    this.#images = images;
    this.#update({ source, running: true, ...UNTOUCHED });
    try {
      const folder = adapterFolderOf(this.#subject);
      const result = await this.#host.tasks.run(
        {
          task: 'predict',
          path: this.#subject,
          base: locatedBase(this.#host, folder),
          folders: workspacePaths(),
          images: [...images],
          top: TOP,
        },
        {
          signal,
          onPart: (part) => {
            if (!signal.aborted) this.#take(part);
          },
        },
      );
      this.#update({ running: false, result });
    } catch (error) {
      // Aborted for another look: that one tells how it stands.
      if (signal !== this.#running.signal) return;
      this.#update({ running: false, problem: signal.aborted ? null : messageOf(error) });
    }
  }

  /** Told one by one: what came before is with the view already. */
  #take(part: PredictPart): void {
    this.#state = grown(this.#state, part);
    this.#page.post({ type: 'part', part });
  }

  /** Only what was looked at. */
  async #openImage(path: string): Promise<void> {
    const { images, scenes } = this.#state;
    if (![...images, ...scenes].some(({ file }) => file === path)) return;
    await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(path), { preview: true });
  }

  #update(changes: Partial<TryState>): void {
    this.#state = { ...this.#state, ...changes };
    this.#post();
  }

  #post(): void {
    this.#page.post({ type: 'state', state: this.#state });
  }
}
