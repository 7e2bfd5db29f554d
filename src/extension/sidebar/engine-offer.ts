/** A faster engine for the card of this machine: offered in the panel, installed by a task that goes on while the panel is closed. */
import * as vscode from 'vscode';
import { messageOf } from '../../shared/errors.ts';
import type { OfferState } from '../../shared/protocol/packs.ts';
import type { Host } from '../host.ts';

/** Between two looks at the panel, in milliseconds. */
const TELL_EVERY = 500;

export class EngineOffer {
  readonly #host: Host;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly onDidChange = this.#changed.event;
  #state: OfferState | null = null;
  #looked = false;
  #ending: AbortController | undefined;

  constructor(host: Host) {
    this.#host = host;
  }

  get state(): OfferState | null {
    return this.#state;
  }

  /** Once a window: cards do not come and go. */
  async look(): Promise<void> {
    if (this.#looked || !vscode.workspace.isTrusted) return;
    this.#looked = true;
    try {
      const { offer } = await this.#host.tasks.run({ task: 'pack-offer' });
      if (offer !== null) this.#set({ ...offer, status: 'offered' });
    } catch (error) {
      // Training goes on without it; whoever looks for the reason finds it.
      this.#host.log.info(`no engine is offered: ${messageOf(error)}`);
    }
  }

  async install(): Promise<void> {
    const { state } = this;
    if (state === null || state.status === 'installing') return;
    const { pack, bytes, unpackedBytes } = state;
    const offer = { pack, bytes, unpackedBytes };
    const ending = (this.#ending = new AbortController());
    let told = 0;
    this.#set({ ...offer, status: 'installing', done: 0, total: null });
    try {
      await this.#host.tasks.run(
        { task: 'install-pack', pack },
        {
          signal: ending.signal,
          onProgress: (done, total) => {
            if (Date.now() - told < TELL_EVERY) return;
            told = Date.now();
            this.#set({ ...offer, status: 'installing', done, total });
          },
        },
      );
      this.#set({ ...offer, status: 'installed' });
    } catch (error) {
      // What was fetched is kept: the next attempt goes on from there.
      if (ending.signal.aborted) this.#set({ ...offer, status: 'offered' });
      else this.#set({ ...offer, status: 'failed', message: messageOf(error) });
    }
  }

  cancel(): void {
    this.#ending?.abort();
  }

  dispose(): void {
    this.cancel();
    this.#changed.dispose();
  }

  #set(state: OfferState): void {
    this.#state = state;
    this.#changed.fire(undefined);
  }
}
