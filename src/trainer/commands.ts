/** What a run is told to do between two updates: by control files, or by a signal to its process. */
import type { NewRunEvent } from '../shared/run/events.ts';
import type { ControlReader, ReceivedCommand } from './control.ts';

type Stopped = Extract<NewRunEvent, { type: 'stopped' }>;

/** The run between two updates. */
export interface Between {
  readonly step: number;
  readonly seconds: () => number;
  readonly checkpoint: () => Promise<void>;
  /** Waits without counting the time as training. */
  readonly paused: <T>(wait: Promise<T>) => Promise<T>;
}

export class Commands {
  readonly #reader: ControlReader;
  readonly #record: (event: NewRunEvent) => void;
  #signalled = false;
  #wake: () => void = () => undefined;

  constructor(reader: ControlReader, record: (event: NewRunEvent) => void) {
    this.#reader = reader;
    this.#record = record;
  }

  /** Stop and save as soon as the update that runs is done. */
  signal(): void {
    this.#signalled = true;
    this.#wake();
  }

  /** Does what was asked since the last update; returns the run's end when it was asked to stop, its state saved. */
  async obey(between: Between): Promise<Stopped | undefined> {
    let received = this.#reader.poll();
    let isPaused = false;
    for (;;) {
      for (const command of received) {
        isPaused = await this.#do(command, isPaused, between);
        if (command.command === 'stop') return await this.#stop('asked', between);
      }
      if (this.#signalled) return await this.#stop('signal', between);
      if (!isPaused) return undefined;
      const signalled = new Promise<ReceivedCommand[]>((resolve) => {
        this.#wake = () => {
          resolve([]);
        };
      });
      received = await between.paused(Promise.race([this.#reader.next(), signalled]));
    }
  }

  /** Returns whether the run is paused now. */
  async #do(command: ReceivedCommand, isPaused: boolean, { step, checkpoint }: Between): Promise<boolean> {
    const pausing = command.command === 'pause' || (isPaused && command.command !== 'resume');
    if (command.command === 'checkpoint') await checkpoint();
    if (command.command === 'resume' && !isPaused) this.#reader.acknowledge(command, 'the run is not paused');
    else this.#reader.acknowledge(command);
    if (pausing && !isPaused) this.#record({ type: 'paused', step });
    if (!pausing && isPaused) this.#record({ type: 'continued', step });
    return pausing;
  }

  async #stop(reason: Stopped['reason'], { step, seconds, checkpoint }: Between): Promise<Stopped> {
    await checkpoint();
    return { type: 'stopped', step, reason, seconds: seconds() };
  }
}
