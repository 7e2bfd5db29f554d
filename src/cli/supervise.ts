/** One run from here to its end: starts its trainer, shows what it does, passes Ctrl-C on, and tells how it ended. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Busy } from '../engines/device-lease.ts';
import { workerFile } from '../formats/worker-file.ts';
import { InputError } from '../shared/errors.ts';
import { followEvents, readEvents } from '../shared/run/event-log.ts';
import { RUN_PATHS } from '../shared/run/layout.ts';
import { readRun, type RunState } from '../shared/run/read-run.ts';
import { type Exit, launchTrainer, type Runtime, type Trainer } from '../trainer/launch.ts';
import { discardRun } from '../trainer/run-folder.ts';
import { Progress } from './progress.ts';
import { paint, type Terminal } from './terminal.ts';

/** SIGHUP is the terminal being closed: the run could go on unseen, but who typed a command expects it to end with it. */
const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** `busy`: what it does where another run has its device; else it waits. */
export interface Supervision {
  readonly busy?: Busy | undefined;
}

/**
 * Trains the run in `folder`, new or begun, until it has finished, or was stopped or killed: the state that is returned says
 * which. Throws an `InputError` with the trainer's words where the input, or a loss that diverged, made it fail.
 */
export async function trainHere(folder: string, logs: Terminal, { busy }: Supervision = {}): Promise<RunState> {
  const { events: past, offset } = await readEvents(folder);
  const logged = sizeOf(join(folder, RUN_PATHS.log));
  const trainer = await launchTrainer(folder, runtime(busy));
  const progress = new Progress(logs, past);
  const stopListening = passInterrupts(trainer, progress);
  const ended = new AbortController();
  void trainer.stopped.then(() => {
    ended.abort();
  });
  try {
    for await (const event of followEvents(folder, offset, ended.signal)) {
      // A failure is told once, as the error that ends the command.
      if (event.type !== 'failed') progress.show(event);
    }
  } finally {
    progress.end();
    stopListening();
  }
  const exit = await trainer.stopped;
  // Its own crash, the system short of memory, or somebody in a hurry.
  if (exit.signal !== null) logs.write(`${paint(logs, 'yellow', `the trainer was ended by ${exit.signal}`)}\n`);
  if (!existsSync(join(folder, RUN_PATHS.identity)))
    throw new InputError('the run was deleted while it trained', { file: folder });
  const state = await readRun(folder);
  checkEnd(state, exit, { offset, logged });
  return state;
}

/** The same for a run just made: one that fails before its first step leaves no folder behind. */
export async function trainNew(folder: string, logs: Terminal, supervision: Supervision = {}): Promise<RunState> {
  try {
    return await trainHere(folder, logs, supervision);
  } catch (error) {
    const state = await readRun(folder).catch(() => undefined);
    if (error instanceof InputError && state?.summary.latest === null) await discardRun(folder);
    throw error;
  }
}

function runtime(busy: Busy | undefined): Runtime {
  const script = workerFile('trainer');
  if (script === undefined) throw new InputError('trainer.js is missing from this installation; install Lowrank again');
  return { node: process.execPath, script, env: busy === undefined ? {} : { LOWRANK_BUSY: busy } };
}

/** The first interrupt has the state saved, the second does not wait for it. Returns how to stop listening. */
function passInterrupts(trainer: Trainer, progress: Progress): () => void {
  let isAsked = false;
  const interrupt = (): void => {
    if (isAsked) process.kill(trainer.pid, 'SIGKILL');
    else progress.note('saving and stopping … (once more: stop at once)');
    isAsked = true;
    void trainer.stop();
  };
  for (const signal of INTERRUPTS) process.on(signal, interrupt);
  return () => {
    for (const signal of INTERRUPTS) process.off(signal, interrupt);
  };
}

/** `before`: how long the events and `trainer.log` were when the trainer started. */
function checkEnd(state: RunState, { code, signal }: Exit, before: { offset: number; logged: number }): void {
  const { folder, status, eventsOffset } = state;
  const log = join(folder, RUN_PATHS.log);
  if (eventsOffset > before.offset) {
    if (status === 'failed') throw failureOf(state, log);
    if (status === 'finished' || status === 'stopped') return;
  }
  if (signal !== null) return;
  // It ended before it could record anything: another trainer holds the run, or the folder cannot be written.
  const told = lastLineOf(log, before.logged);
  if (told !== undefined) throw new InputError(told);
  throw new InputError(
    `the trainer ended with status ${code ?? 'unknown'} and could not write why; is the disk full?`,
    {
      file: folder,
    },
  );
}

function failureOf({ summary: { failure } }: RunState, log: string): Error {
  const { cause, step, message } = failure!;
  if (cause === 'internal') return new Error(`${message}; ${log} tells where`);
  return new InputError(cause === 'divergence' ? `at step ${step}: ${message}` : message);
}

function lastLineOf(file: string, from: number): string | undefined {
  const line = readFileSync(file).subarray(from).toString().trimEnd().split('\n').at(-1);
  return line === '' ? undefined : line;
}

function sizeOf(file: string): number {
  return statSync(file, { throwIfNoEntry: false })?.size ?? 0;
}
