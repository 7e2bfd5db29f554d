/** A thread that runs pieces, as the trainer sees it. */
import { Worker } from 'node:worker_threads';
import type { Tensors } from '../../engines/engine.ts';
import type { Piece, PieceRunner, PieceSums } from './piece.ts';
import type { PieceReply, PieceRequest, PieceWorkerData } from './piece-protocol.ts';

interface Waiting {
  readonly resolve: (sums: PieceSums | undefined) => void;
  readonly reject: (error: Error) => void;
}

export class PieceThread implements PieceRunner {
  readonly #worker: Worker;
  #waiting: Waiting | undefined;
  #failure: Error | undefined;

  private constructor(file: string, workerData: PieceWorkerData) {
    this.#worker = new Worker(file, { workerData, execArgv: [] });
    this.#worker.on('message', (reply: PieceReply) => {
      const waiting = this.#take();
      if ('error' in reply) waiting?.reject(new Error(reply.error));
      else waiting?.resolve(reply.sums);
    });
    this.#worker.on('error', (error) => {
      this.#fail(error);
    });
    this.#worker.on('exit', () => {
      this.#fail(new Error('a thread that runs pieces of a batch ended'));
    });
  }

  /** `file` is that of the built worker. */
  static async start(file: string, workerData: PieceWorkerData): Promise<PieceThread> {
    const thread = new PieceThread(file, workerData);
    await thread.#reply();
    return thread;
  }

  async run(values: Tensors, pieces: readonly Piece[], progress: number): Promise<PieceSums> {
    return (await this.#ask({ values, pieces: pieces.map(alone), progress }))!;
  }

  async release(): Promise<void> {
    if (this.#failure === undefined) await this.#ask(undefined);
    await this.#worker.terminate();
  }

  async #ask(request: PieceRequest): Promise<PieceSums | undefined> {
    const reply = this.#reply();
    this.#worker.postMessage(request);
    return await reply;
  }

  /** An idle thread does not keep the process alive; one that is waited for does. */
  #reply(): Promise<PieceSums | undefined> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#worker.ref();
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  #take(): Waiting | undefined {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    this.#worker.unref();
    return waiting;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.#take()?.reject(error);
  }
}

/** With memory of its own: a message takes all that lies under a view. */
function alone({ feeds, targets: { counts, rows, weights } }: Piece): Piece {
  return {
    feeds: Object.fromEntries(
      Object.entries(feeds).map(([name, tensor]) => [name, { ...tensor, data: tensor.data.slice() }]),
    ),
    targets: { counts: counts.slice(), rows: rows.slice(), weights: weights.slice() },
  };
}
