/** Starts trainers: detached, on the extension's own Node, told the settings of this machine. Nothing here stops one with the window. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { InputError } from '../../shared/errors.ts';
import { RUN_PATHS } from '../../shared/run/layout.ts';
import { launchTrainer } from '../../trainer/launch.ts';
import type { Host } from '../host.ts';
import { processEnvironment } from '../runtime/environment.ts';
import { keepAwake } from './keep-awake.ts';

export class Trainers {
  readonly #host: Omit<Host, 'runs'>;
  /** Started by this window and not ended yet: between launch and lease the folder does not show them. */
  readonly #started = new Set<string>();
  readonly #refused = new Set<string>();

  constructor(host: Omit<Host, 'runs'>) {
    this.#host = host;
  }

  /** A trainer that this window started may be at work on it, or one could not be started. */
  isTaken(folder: string): boolean {
    return this.#started.has(folder) || this.#refused.has(folder);
  }

  /** Between launch and lease the folder does not show its trainer. */
  isStarted(folder: string): boolean {
    return this.#started.has(folder);
  }

  /** It is not started by itself again: it would fail the same way at every look at the queue. */
  refuse(folder: string): void {
    this.#refused.add(folder);
  }

  /**
   * Trains the run in `folder`, new or begun. Resolves once the process runs; throws an `InputError` where it cannot be started.
   */
  async launch(folder: string, onEnd: () => void): Promise<void> {
    if (!vscode.workspace.isTrusted)
      throw new InputError(vscode.l10n.t('Training starts only in a trusted workspace.'));
    if (this.#started.has(folder)) return;
    this.#started.add(folder);
    const { runtime, log } = this.#host;
    try {
      const { node, dist } = await runtime.paths();
      const script = join(dist, 'trainer.js');
      const trainer = await launchTrainer(folder, { node, script, env: processEnvironment() });
      log.info(`trainer ${trainer.pid} started for ${folder}`);
      this.#refused.delete(folder);
      await runtime.usedBy(trainer.pid);
      if (vscode.workspace.getConfiguration('lowrank').get<boolean>('keepAwake', true)) keepAwake(trainer.pid, log);
      void trainer.stopped.then((exit) => {
        log.info(`trainer ${trainer.pid} ended: ${exit.signal ?? `status ${exit.code ?? 'unknown'}`}`);
        this.#started.delete(folder);
        onEnd();
      });
    } catch (error) {
      this.#started.delete(folder);
      this.refuse(folder);
      throw error;
    }
  }
}

/** The end of `trainer.log` is read, however long it has become. */
const MAX_LOG_BYTES = 64 * 1024;

/** The last lines that a trainer wrote to its streams; none where there is no log. */
export async function logTail(folder: string, lines: number): Promise<string[]> {
  const text = await readFile(join(folder, RUN_PATHS.log), 'utf8').catch(() => '');
  return text
    .slice(-MAX_LOG_BYTES)
    .trimEnd()
    .split('\n')
    .slice(-lines)
    .filter((line) => line !== '');
}
