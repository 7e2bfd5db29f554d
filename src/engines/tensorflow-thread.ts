/** The thread that runs TensorFlow, as its process sees it: one a process, since the library cannot be loaded twice. */
import { Worker } from 'node:worker_threads';
import { workerFile } from '../formats/worker-file.ts';
import { InputError } from '../shared/errors.ts';
import type { Answers, Reply, Request, WorkerData } from './tensorflow-protocol.ts';

interface Waiting {
  readonly resolve: (value: never) => void;
  readonly reject: (error: Error) => void;
}

export class TensorFlowThread {
  readonly #worker: Worker;
  readonly #waiting: Waiting[] = [];
  #failure: Error | undefined;

  /** `binding` is the file of TensorFlow.js's native half. */
  constructor(binding: string) {
    const file = workerFile('tensorflow-worker');
    if (file === undefined) throw new Error('tensorflow-worker.js is not built');
    const workerData: WorkerData = { binding };
    this.#worker = new Worker(file, { workerData, execArgv: [] });
    this.#worker.unref();
    this.#worker.on('message', (reply: Reply) => {
      const { resolve, reject } = this.#waiting.shift()!;
      this.#idle();
      if ('error' in reply) reject(new Error(reply.error));
      else resolve(reply.value as never);
    });
    this.#worker.on('error', (error) => {
      this.#fail(error);
    });
    this.#worker.on('exit', () => {
      this.#fail(new Error('the thread that runs TensorFlow ended'));
    });
  }

  ask<K extends keyof Answers>(request: Request & { readonly kind: K }): Promise<Answers[K]> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject });
      // An idle thread does not keep the process alive; one that is waited for does.
      this.#worker.ref();
      this.#worker.postMessage(request);
    });
  }

  #idle(): void {
    if (this.#waiting.length === 0) this.#worker.unref();
  }

  #fail(error: Error): void {
    this.#failure ??= new InputError(`TensorFlow could not be run: ${error.message}`, { field: 'engine' });
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}
