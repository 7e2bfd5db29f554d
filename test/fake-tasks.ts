/** Tasks without processes: each one is recorded, tells what a test says and ends when it says so. An aborted one is rejected. */
interface Listeners {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number | null) => void;
  readonly onPart?: (part: unknown) => void;
}

interface AskedTask extends Listeners {
  readonly request: { readonly task: string } & Readonly<Record<string, unknown>>;
  readonly answer: (result: unknown) => void;
  readonly refuse: (error: Error) => void;
}

export class FakeTasks {
  readonly asked: AskedTask[] = [];
  /** As when a task answers in the moment in which it is aborted. */
  answersAborted = false;

  get last(): AskedTask {
    return this.asked.at(-1)!;
  }

  run(request: AskedTask['request'], listeners: Listeners = {}): Promise<unknown> {
    return new Promise((answer, refuse) => {
      this.asked.push({ ...listeners, request, answer, refuse });
      listeners.signal?.addEventListener('abort', () => {
        if (!this.answersAborted) refuse(new Error('aborted'));
      });
    });
  }
}
