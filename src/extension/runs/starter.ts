/** Begins runs, goes on with them, and starts the next of the queue when none is at work. */
import { resolve } from 'node:path';
import * as vscode from 'vscode';
import { InputError, messageOf } from '../../shared/errors.ts';
import type { Job } from '../../shared/job.ts';
import { nextInQueue } from '../../shared/run/queue.ts';
import { sendControl } from '../../shared/run/send-control.ts';
import { createRun } from '../../trainer/run-folder.ts';
import type { Host } from '../host.ts';
import type { Catalogue } from './catalogue.ts';
import { logTail, type Trainers } from './trainers.ts';

/**
 * How long a run lies in the queue before a window that did not make it starts it: the one that made it is about to. Two windows that
 * start the same run all the same meet at its lease, which one of them gets.
 */
const OTHERS_MS = 6_000;

export class Starter {
  readonly #host: Omit<Host, 'runs'>;
  readonly #catalogue: Catalogue;
  readonly #trainers: Trainers;
  #advancing = false;
  /** Folders of runs that this window is making or has begun to start. */
  readonly #own = new Set<string>();

  constructor(host: Omit<Host, 'runs'>, catalogue: Catalogue, trainers: Trainers) {
    this.#host = host;
    this.#catalogue = catalogue;
    this.#trainers = trainers;
  }

  /** The job's paths are absolute. Throws an `InputError` where the folder or the process cannot be made. */
  async start(job: Job, root: string): Promise<string> {
    if (!vscode.workspace.isTrusted)
      throw new InputError(vscode.l10n.t('Training starts only in a trusted workspace.'));
    // Before the run's folder is made: where there is no Node it would stay behind, queued for ever.
    await this.#host.runtime.paths();
    const { version } = this.#host.context.extension.packageJSON as { version: string };
    const folder = await createRun({ job, version, root });
    this.#own.add(folder);
    await this.#catalogue.refresh();
    await this.advance();
    return folder;
  }

  /** Goes on with a run that is paused, was stopped or killed, or still waits. */
  async resume(folder: string): Promise<void> {
    const reading = this.#catalogue.reading(folder);
    if (reading?.state.status === 'paused') await sendControl(folder, 'resume');
    else await this.#launch(folder);
  }

  /** A trainer of this window is at work on it, or about to be. */
  isStarting(folder: string): boolean {
    return this.#trainers.isStarted(folder);
  }

  /** Starts the run that has waited longest, if none is at work. Called whenever a run's state has changed. */
  async advance(): Promise<void> {
    if (this.#advancing || !vscode.workspace.isTrusted) return;
    this.#advancing = true;
    try {
      const runs = this.#catalogue.list().flatMap(({ folder, found }) => {
        if (!('state' in found)) return [];
        const { status, identity } = found.state;
        const isWaiting = status === 'queued' && this.#trainers.isTaken(folder);
        return [{ folder, status: isWaiting ? ('running' as const) : status, created: identity.created }];
      });
      const now = Date.now();
      const next = nextInQueue(runs, now);
      const created = runs.find(({ folder }) => folder === next)?.created ?? now;
      if (next !== null && (this.#own.has(next) || now - created >= OTHERS_MS)) await this.#launch(next);
    } finally {
      this.#advancing = false;
    }
  }

  async #launch(folder: string): Promise<void> {
    this.#own.add(folder);
    await this.#trainers.launch(folder, () => void this.#ended(folder));
    await this.#catalogue.refresh();
  }

  /** A trainer of this window has ended: where its run still waits, it never came to say why. */
  async #ended(folder: string): Promise<void> {
    await this.#catalogue.refresh();
    const status = this.#catalogue.reading(folder)?.state.status;
    if (status === 'queued') {
      this.#trainers.refuse(folder);
      const [reason = vscode.l10n.t('it said nothing')] = await logTail(folder, 1);
      this.#host.log.error(`trainer of ${folder}: ${reason}`);
      void vscode.window.showErrorMessage(vscode.l10n.t('The trainer could not begin: {0}', reason));
    }
    await this.advance().catch((error: unknown) => {
      this.#host.log.error(messageOf(error));
    });
  }

  /** Runs on a dataset, the newest first. */
  ofDataset(path: string): string[] {
    const wanted = resolve(path);
    return this.#catalogue
      .list()
      .filter(({ found }) => 'state' in found && resolve(found.state.identity.job.data) === wanted)
      .map(({ folder }) => folder);
  }
}
