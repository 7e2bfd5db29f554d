/** A thread that answers one request after the other, as the trainer sees it and as the thread does. */
import { parentPort, type Transferable, Worker } from 'node:worker_threads';
import { messageOf } from '../../shared/errors.ts';

/** The first one says that the thread is ready. */
type Reply<Answer> = { readonly answer: Answer | undefined } | { readonly error: string };

interface Waiting<Answer> {
  readonly resolve: (answer: Answer | undefined) => void;
  readonly reject: (error: Error) => void;
}

export interface ThreadOf<Data> {
  /** Of the built worker. */
  readonly file: string;
  readonly workerData: Data;
  /** What it does, for an error: "a thread that … ended". */
  readonly work: string;
}

export class AskedThread<Request, Answer> {
  readonly #worker: Worker;
  #waiting: Waiting<Answer> | undefined;
  #failure: Error | undefined;

  private constructor({ file, workerData, work }: ThreadOf<unknown>) {
    this.#worker = new Worker(file, { workerData, execArgv: [] });
    this.#worker.on('message', (reply: Reply<Answer>) => {
      const waiting = this.#take();
      if ('error' in reply) waiting?.reject(new Error(reply.error));
      else waiting?.resolve(reply.answer);
    });
    this.#worker.on('error', (error) => {
      this.#fail(error);
    });
    this.#worker.on('exit', () => {
      this.#fail(new Error(`a thread that ${work} ended`));
    });
  }

  static async start<Request, Answer>(of: ThreadOf<unknown>): Promise<AskedThread<Request, Answer>> {
    const thread = new AskedThread<Request, Answer>(of);
    await thread.#reply();
    return thread;
  }

  /** One at a time; the memory of `moved` goes to the thread without a copy. */
  async ask(request: Request, moved: readonly Transferable[] = []): Promise<Answer> {
    return (await this.#send(request, moved))!;
  }

  async release(): Promise<void> {
    if (this.#failure === undefined) await this.#send(undefined);
    await this.#worker.terminate();
  }

  async #send(request: Request | undefined, moved: readonly Transferable[] = []): Promise<Answer | undefined> {
    const reply = this.#reply();
    this.#worker.postMessage(request, moved);
    return await reply;
  }

  /** An idle thread does not keep the process alive; one that is waited for does. */
  #reply(): Promise<Answer | undefined> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    this.#worker.ref();
    return new Promise((resolve, reject) => (this.#waiting = { resolve, reject }));
  }

  #take(): Waiting<Answer> | undefined {
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

/** What such a thread runs. */
export interface Answering<Request, Answer> {
  answer(request: Request): Promise<Answer>;
  /** Of an answer, what is handed over without a copy. */
  moved?(answer: Answer): readonly Transferable[];
  release(): Promise<void>;
}

/** The whole of a thread: opens, and answers until it is asked for the end. */
export async function answerRequests<Request, Answer>(open: () => Promise<Answering<Request, Answer>>): Promise<void> {
  const port = parentPort!;
  const reply = (value: Reply<Answer>, moved: readonly Transferable[] = []): void => {
    port.postMessage(value, moved);
  };
  let answering: Answering<Request, Answer>;
  try {
    answering = await open();
  } catch (error) {
    reply({ error: messageOf(error) });
    return;
  }
  const respond = async (request: Request | undefined): Promise<void> => {
    try {
      if (request === undefined) {
        await answering.release();
        reply({ answer: undefined });
        port.close();
        return;
      }
      const answer = await answering.answer(request);
      reply({ answer }, answering.moved?.(answer));
    } catch (error) {
      reply({ error: messageOf(error) });
    }
  };
  port.on('message', (request: Request | undefined) => {
    void respond(request);
  });
  reply({ answer: undefined });
}
