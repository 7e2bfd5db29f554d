/**
 * The plan of a source's job, made anew when something changes that it depends on. Rank and alpha are not among it: the plan's
 * coefficients give every rank. The plan before is aborted, and stays in sight until the next one is there.
 */
import * as vscode from 'vscode';
import { messageOf } from '../../shared/errors.ts';
import type { Job } from '../../shared/job.ts';
import { readJobValues } from '../../shared/job-reading.ts';
import { NO_PLAN, type PlanState } from '../../shared/protocol/job.ts';
import type { Host } from '../host.ts';
import { absoluteJob } from './paths.ts';
import type { JobSource } from './source.ts';

/** Edits that follow each other within this many milliseconds make one plan. */
const PAUSE = 150;

export class Planner {
  readonly #host: Host;
  readonly #source: JobSource;
  readonly #changed = new vscode.EventEmitter<undefined>();
  readonly #listeners: vscode.Disposable[];
  readonly onDidChange = this.#changed.event;
  #state: PlanState = NO_PLAN;
  #key = '';
  #subject = '';
  #waiting: NodeJS.Timeout | undefined;
  #running: AbortController | undefined;
  #allowed: (job: Job) => boolean;

  /** `allowed`: whether a plan may be made of the job yet, for instance only once its dataset is known to be one. */
  constructor(host: Host, source: JobSource, allowed: (job: Job) => boolean = () => true) {
    this.#host = host;
    this.#source = source;
    this.#allowed = allowed;
    this.#listeners = [
      source.onDidChange(() => {
        this.update();
      }),
      vscode.workspace.onDidGrantWorkspaceTrust(() => {
        this.update();
      }),
    ];
    this.update();
  }

  get state(): PlanState {
    return this.#state;
  }

  /** Looks whether another plan is needed. */
  update(): void {
    const { job: written } = readJobValues(this.#source.read().values);
    const job = written === null ? null : absoluteJob(written, this.#source.directory);
    if (job === null || !vscode.workspace.isTrusted || !this.#allowed(job)) {
      // A job that cannot be read for a moment keeps the figures it had.
      if (written !== null || this.#state.result === null) this.#stop(NO_PLAN);
      return;
    }
    const key = keyOf(job, this.#state.status === 'failed');
    if (key === this.#key) return;
    const subject = JSON.stringify([job.data, job.base, job.method]);
    this.#stop({ status: 'planning', result: subject === this.#subject ? this.#state.result : null, message: null });
    this.#key = key;
    this.#subject = subject;
    this.#waiting = setTimeout(() => void this.#plan(job), PAUSE);
  }

  again(): void {
    this.#key = '';
    this.update();
  }

  dispose(): void {
    clearTimeout(this.#waiting);
    this.#running?.abort();
    for (const listener of this.#listeners) listener.dispose();
    this.#changed.dispose();
  }

  #stop(state: PlanState): void {
    clearTimeout(this.#waiting);
    this.#running?.abort();
    this.#running = undefined;
    this.#key = '';
    this.#set(state);
  }

  async #plan(job: Job): Promise<void> {
    const running = new AbortController();
    this.#running = running;
    const { signal } = running;
    try {
      const result = await this.#host.tasks.run({ task: 'plan', job }, { signal });
      if (!signal.aborted) this.#set({ status: 'ready', result, message: null });
    } catch (error) {
      if (signal.aborted) return;
      // With the rank it failed at, so that another rank is tried.
      this.#key = keyOf(job, true);
      this.#set({ status: 'failed', result: this.#state.result, message: messageOf(error) });
    }
  }

  #set(state: PlanState): void {
    if (state === this.#state) return;
    this.#state = state;
    this.#changed.fire(undefined);
  }
}

/** What a plan depends on. A rank that is too high for every layer makes it fail, so after a failure the rank counts, too. */
function keyOf(job: Job, withRank: boolean): string {
  const { lora, training, name: _, $schema: __, ...rest } = job;
  const { rank, alpha, alphaPattern: ___, ...loraRest } = lora;
  const { epochs, batch, accumulate, evaluateEvery, checkpointEvery, validationShare, cacheFrozen } = training;
  return JSON.stringify([
    {
      ...rest,
      lora: loraRest,
      training: { epochs, batch, accumulate, evaluateEvery, checkpointEvery, validationShare, cacheFrozen },
    },
    withRank ? [rank, alpha] : null,
  ]);
}
