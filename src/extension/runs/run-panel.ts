/**
 * The panel of one run. While it is shown and the run is at work, its folder is looked at ten times a second and what is new goes to
 * the view in one message; the view asks for everything again when it is shown anew.
 */
import { join } from 'node:path';
import * as vscode from 'vscode';
import { isEnd } from '../../shared/run/events.ts';
import { RUN_PATHS } from '../../shared/run/layout.ts';
import { sendControl } from '../../shared/run/send-control.ts';
import { seriesOfCounted, thinSeries } from '../../shared/run/series.ts';
import type { RunState } from '../../shared/run/read-run.ts';
import { isLively } from '../../shared/run/status.ts';
import { type RunPlace, type ToHostRun, toHostRun, type ToViewRun } from '../../shared/protocol/run.ts';
import { openPage, type Page } from '../webview-page.ts';
import type { Host } from '../host.ts';
import { revealPath } from '../reveal.ts';
import { cardBytes, residentBytes } from './memory.ts';
import { type Look, type Reading, RunReader } from './run-reader.ts';
import { pictureFolders } from './picture-folders.ts';
import { detectionsOf } from './run-detections.ts';
import { detailsOf, headOf, holderHere, NO_MEMORY } from './run-view.ts';

const LIVELY_MS = 100;
const IDLE_MS = 2_000;
/** How often the files beside the events are read: log, samples, report. */
const DETAILS_MS = 1_000;
/** Points of a curve that are sent; more than a screen is wide. */
const MAX_POINTS = 4_000;

const COMMAND_AT = {
  try: 'lowrank.tryIt',
  export: 'lowrank.exportAdapter',
  reveal: 'lowrank.revealRun',
  inspect: 'lowrank.inspectAdapter',
  log: 'lowrank.showRunLog',
  compare: 'lowrank.compareRuns',
  job: 'lowrank.fineTune',
} as const satisfies Record<RunPlace, string>;

const NOTHING = { head: '', details: '', detections: '', kind: '' };

export class RunPanel {
  readonly #folder: string;
  readonly #panel: vscode.WebviewPanel;
  readonly #page: Page<ToViewRun>;
  readonly #reader: RunReader;
  #timer: NodeJS.Timeout | undefined;
  #looking = false;
  #disposed = false;
  /** As sent last; a message goes out only when something differs. */
  #sent = NOTHING;
  /** Whose samples are shown; null for the newest. */
  #samplesOf: number | null = null;
  #detailsAt = 0;
  /** Whose pictures the view may load, a line each. */
  #folders: string;
  #memory = NO_MEMORY;

  static async open(host: Omit<Host, 'runs'>, folder: string, panel: vscode.WebviewPanel): Promise<RunPanel> {
    const reader = new RunReader(folder, { curves: true });
    const look = await reader.look();
    return new RunPanel(host, folder, panel, reader, 'state' in look ? await foldersOf(look.state) : []);
  }

  private constructor(
    host: Omit<Host, 'runs'>,
    folder: string,
    panel: vscode.WebviewPanel,
    reader: RunReader,
    folders: readonly string[],
  ) {
    this.#folders = folders.join('\n');
    this.#folder = folder;
    this.#panel = panel;
    this.#reader = reader;
    this.#page = openPage<ToHostRun, ToViewRun>(host, panel.webview, {
      name: 'run',
      title: vscode.l10n.t('Training run'),
      incoming: toHostRun,
      roots: folders.map((each) => vscode.Uri.file(each)),
      receive: (message) => this.#receive(message),
    });
    panel.onDidDispose(() => {
      this.#disposed = true;
      clearTimeout(this.#timer);
    });
    panel.onDidChangeViewState(() => {
      if (panel.visible) this.#lookIn(0);
    });
    const trust = vscode.workspace.onDidGrantWorkspaceTrust(() => void this.#sendState());
    panel.onDidDispose(() => {
      trust.dispose();
    });
  }

  async #receive(message: ToHostRun): Promise<void> {
    const run = vscode.Uri.file(this.#folder);
    switch (message.type) {
      case 'ready':
        await this.#sendState();
        break;
      case 'control':
        await sendControl(this.#folder, message.command);
        break;
      case 'resume':
        await vscode.commands.executeCommand('lowrank.resumeRun', run);
        break;
      case 'continue':
        await vscode.commands.executeCommand('lowrank.continueRun', run);
        break;
      case 'end':
        await vscode.commands.executeCommand('lowrank.stopRun', run);
        break;
      case 'go':
        await vscode.commands.executeCommand(COMMAND_AT[message.to], run);
        break;
      case 'open-run':
        await vscode.commands.executeCommand('lowrank.openRun', message.folder);
        break;
      case 'show-samples':
        this.#samplesOf = message.step;
        this.#detailsAt = -Infinity;
        this.#lookIn(0);
        return;
      case 'open-file':
        await vscode.commands.executeCommand('vscode.open', vscode.Uri.file(message.path), {
          preview: true,
          viewColumn: vscode.ViewColumn.Beside,
        });
        break;
      case 'reveal':
        await revealPath(message.path);
        break;
      default:
        message satisfies never;
    }
    this.#lookIn(LIVELY_MS);
  }

  /** Everything, as a view needs it that has just loaded. */
  async #sendState(): Promise<void> {
    await this.#look(true);
  }

  #lookIn(delay: number): void {
    clearTimeout(this.#timer);
    if (this.#disposed || !this.#panel.visible) return;
    this.#timer = setTimeout(() => void this.#look(false), delay);
  }

  async #look(everything: boolean): Promise<void> {
    if (this.#looking && !everything) return;
    this.#looking = true;
    try {
      const look = await this.#reader.look();
      if (this.#disposed) return;
      if (!('state' in look)) {
        this.#send('unreadable', { kind: 'unreadable', folder: this.#folder, ...look }, everything);
        this.#lookIn(IDLE_MS);
        return;
      }
      await this.#show(look, everything);
      const lively = isLively(look.state.status) || look.health === 'waiting' || look.state.status === 'queued';
      this.#lookIn(lively ? LIVELY_MS : IDLE_MS);
    } finally {
      this.#looking = false;
    }
  }

  async #show(look: Look, everything: boolean): Promise<void> {
    const { news } = look;
    const now = performance.now();
    const due = now - this.#detailsAt >= DETAILS_MS || news === 'all' || news.some(isEnd);
    if (due || everything) this.#memory = await this.#memoryOf(look);
    const head = headOf(look, this.#memory);
    if (everything || news === 'all' || this.#sent.kind !== 'run') {
      const details = await this.#details(look);
      const detections = await this.#detections(look);
      const series = thinSeries(this.#reader.series, MAX_POINTS);
      this.#detailsAt = now;
      this.#sent = {
        head: JSON.stringify(head),
        details: JSON.stringify(details),
        detections: JSON.stringify(detections),
        kind: 'run',
      };
      this.#page.post({
        type: 'state',
        state: { kind: 'run', trusted: vscode.workspace.isTrusted, head, details, series, detections },
      });
      this.#panel.title = details.name;
      return;
    }
    const text = JSON.stringify(head);
    if (news.length > 0 || text !== this.#sent.head) {
      this.#sent.head = text;
      this.#page.post({ type: 'progress', head, added: thinSeries(seriesOfCounted(news), MAX_POINTS) });
    }
    if (due) await this.#sendDetails(look, now);
  }

  async #sendDetails(look: Reading, now: number): Promise<void> {
    this.#detailsAt = now;
    const details = await this.#details(look);
    const detections = await this.#detections(look);
    const texts = { details: JSON.stringify(details), detections: JSON.stringify(detections) };
    const before = this.#sent;
    this.#sent = { ...before, ...texts };
    if (texts.detections !== before.detections) this.#page.post({ type: 'detections', detections });
    if (texts.details === before.details) return;
    this.#panel.title = details.name;
    this.#page.post({ type: 'details', details });
  }

  async #details({ state }: Reading) {
    // Known once the trainer has opened the dataset, and once the workspace is trusted.
    const folders = await foldersOf(state);
    if (folders.join('\n') !== this.#folders) {
      this.#folders = folders.join('\n');
      this.#page.admit(folders.map((each) => vscode.Uri.file(each)));
    }
    return await detailsOf(state, this.#reader.told, this.#uriOf);
  }

  #detections({ state }: Reading) {
    return detectionsOf(state, { step: this.#samplesOf, uriOf: this.#uriOf });
  }

  readonly #uriOf = (file: string): string | null =>
    vscode.workspace.isTrusted ? this.#panel.webview.asWebviewUri(vscode.Uri.file(file)).toString() : null;

  async #memoryOf({ state }: Reading): Promise<typeof NO_MEMORY> {
    const pid = isLively(state.status) ? holderHere(this.#folder) : null;
    if (pid === null) return NO_MEMORY;
    const card = state.identity.setup?.engine.card ?? null;
    const [process_, device] = await Promise.all([
      residentBytes(pid),
      card === null ? null : cardBytes(card.uuid, pid),
    ]);
    return { process: process_, device };
  }

  #send(kind: string, state: (ToViewRun & { type: 'state' })['state'], always: boolean): void {
    if (!always && this.#sent.kind === kind) return;
    this.#sent = { ...NOTHING, kind };
    this.#page.post({ type: 'state', state });
  }
}

/** The file that the editor of a run is opened on. */
export function runFile(folder: string): vscode.Uri {
  return vscode.Uri.file(join(folder, RUN_PATHS.identity));
}

/** None while the workspace is not trusted: paths of an untrusted folder may point anywhere. */
async function foldersOf(state: RunState): Promise<string[]> {
  return vscode.workspace.isTrusted ? await pictureFolders(state) : [];
}
