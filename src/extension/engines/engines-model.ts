/**
 * What this machine can train on, looked for once a window and again when a pack has come or gone; and the installation of packs, by tasks
 * that go on while the panels are closed. Panel and forms show the same.
 */
import * as vscode from 'vscode';
import { messageOf } from '../../shared/errors.ts';
import { type EngineMessage, type EnginesState, NO_ENGINES, type PackWork } from '../../shared/protocol/engines.ts';
import type { TaskRequest } from '../../shared/protocol/tasks.ts';
import type { Tasks } from '../runtime/tasks.ts';

/** Between two looks at how far an installation is, in milliseconds. */
const TELL_EVERY = 500;

/** What it needs of the host. */
interface Services {
  readonly tasks: Tasks;
  readonly log: vscode.LogOutputChannel;
}

type PackTask = Extract<TaskRequest, { task: 'install-pack' | 'remove-pack' }>;

export class EnginesModel {
  readonly #host: Services;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChange = this.#changed.event;
  #state: EnginesState = NO_ENGINES;
  #asked = false;
  #ending: AbortController | undefined;

  constructor(host: Services) {
    this.#host = host;
  }

  get state(): EnginesState {
    return this.#state;
  }

  /** Does nothing where it was looked already, or nothing may start. */
  async look(): Promise<void> {
    if (this.#asked || !vscode.workspace.isTrusted) return;
    this.#asked = true;
    await this.#lookAgain();
  }

  async act({ action, pack }: EngineMessage): Promise<void> {
    switch (action) {
      case 'install':
        await this.#perform({ task: 'install-pack', pack }, pack);
        return;
      case 'install-file':
        await this.#installFile();
        return;
      case 'remove':
        await this.#remove(pack);
        return;
      case 'cancel':
        this.#ending?.abort();
        return;
      default:
        action satisfies never;
    }
  }

  dispose(): void {
    this.#ending?.abort();
    this.#changed.dispose();
  }

  async #lookAgain(): Promise<void> {
    this.#set({ looking: true, message: null });
    try {
      this.#set({ found: await this.#host.tasks.run({ task: 'engines' }), looking: false });
    } catch (error) {
      // Training goes on without the list; whoever looks for the reason finds it.
      this.#host.log.warn(`engines cannot be told: ${messageOf(error)}`);
      this.#set({ looking: false, message: messageOf(error) });
    }
  }

  async #installFile(): Promise<void> {
    const [chosen] =
      (await vscode.window.showOpenDialog({
        title: vscode.l10n.t('Install an engine pack'),
        openLabel: vscode.l10n.t('Install'),
        filters: { [vscode.l10n.t('Engine packs')]: ['lowrank-engine'] },
      })) ?? [];
    if (chosen !== undefined)
      await this.#perform({ task: 'install-pack', pack: chosen.fsPath }, chosen.path.split('/').at(-1)!);
  }

  async #remove(pack: string): Promise<void> {
    const remove = vscode.l10n.t('Remove');
    const asked = vscode.l10n.t('Remove the engine pack {0}? Runs that want it will need another engine.', pack);
    if ((await vscode.window.showWarningMessage(asked, { modal: true }, remove)) === remove) {
      await this.#perform({ task: 'remove-pack', pack }, pack);
    }
  }

  /** One at a time. `shown` is what a panel calls the pack. */
  async #perform(request: PackTask, shown: string): Promise<void> {
    const { work } = this.#state;
    if (work?.status === 'installing' || work?.status === 'removing' || !vscode.workspace.isTrusted) return;
    const ending = (this.#ending = new AbortController());
    const tell = (now: PackWork | null): void => {
      this.#set({ work: now });
    };
    let told = 0;
    const removing = request.task === 'remove-pack';
    tell(removing ? { pack: shown, status: 'removing' } : { pack: shown, status: 'installing', done: 0, total: null });
    try {
      const { pack } = await this.#host.tasks.run(request, {
        signal: ending.signal,
        onProgress: (done, total) => {
          if (Date.now() - told < TELL_EVERY) return;
          told = Date.now();
          tell({ pack: shown, status: 'installing', done, total });
        },
      });
      tell({ pack, status: removing ? 'removed' : 'installed' });
      await this.#lookAgain();
    } catch (error) {
      // What was fetched is kept: the next attempt goes on from there.
      tell(ending.signal.aborted ? null : { pack: shown, status: 'failed', message: messageOf(error) });
    }
  }

  #set(change: Partial<EnginesState>): void {
    this.#state = { ...this.#state, ...change };
    this.#changed.fire(undefined);
  }
}
