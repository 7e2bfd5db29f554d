/** Runs a task (src/shared/protocol/tasks.ts) in a process of its own and reads what it says. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as vscode from 'vscode';
import { InputError } from '../../shared/errors.ts';
import type { RequestOf, TaskLine, TaskName } from '../../shared/protocol/tasks.ts';
import type { PartOf, ResultOf } from '../../shared/protocol/tasks.ts';
import { processEnvironment } from './environment.ts';
import type { Runtime } from './runtime.ts';

export interface TaskListeners<T extends TaskName> {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: (done: number, total: number | null) => void;
  readonly onPart?: (part: PartOf<T>) => void;
}

export class Tasks {
  readonly #runtime: Runtime;
  readonly #log: vscode.LogOutputChannel;

  constructor(runtime: Runtime, log: vscode.LogOutputChannel) {
    this.#runtime = runtime;
    this.#log = log;
  }

  /** Rejects with an `InputError` for the input's fault, with the signal's reason when it is aborted. */
  async run<T extends TaskName>(request: RequestOf<T>, listeners: TaskListeners<T> = {}): Promise<ResultOf<T>> {
    const { signal, onProgress, onPart } = listeners;
    const { node, dist } = await this.#runtime.paths();
    signal?.throwIfAborted();
    const child = spawn(node, [join(dist, 'tasks.js')], {
      stdio: ['pipe', 'pipe', 'pipe'],
      windowsHide: true,
      env: { ...process.env, ...processEnvironment() },
    });
    const abort = (): void => void child.kill('SIGKILL');
    signal?.addEventListener('abort', abort);
    try {
      child.stdin.on('error', () => undefined);
      child.stdin.end(`${JSON.stringify(request)}\n`);
      createInterface(child.stderr).on('line', (line) => {
        this.#log.debug(`${request.task}: ${line}`);
      });
      const ended = new Promise<string>((resolve) => {
        child.once('error', (error) => {
          resolve(error.message);
        });
        child.once('close', (code, killed) => {
          resolve(killed ?? `status ${code ?? 'unknown'}`);
        });
      });
      for await (const text of createInterface(child.stdout)) {
        const line = JSON.parse(text) as TaskLine<ResultOf<T>, PartOf<T>>;
        if (line.type === 'progress') onProgress?.(line.done, line.total);
        else if (line.type === 'part') onPart?.(line.part);
        else if (line.type === 'result') return line.result;
        else throw line.cause === 'input' ? new InputError(line.message) : new Error(line.message);
      }
      const how = await ended;
      signal?.throwIfAborted();
      throw new Error(
        vscode.l10n.t(
          'the task “{0}” ended without an answer ({1}); the log of Lowrank may tell more',
          request.task,
          how,
        ),
      );
    } finally {
      signal?.removeEventListener('abort', abort);
      child.kill();
    }
  }
}
