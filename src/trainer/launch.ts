/**
 * Starts a trainer as a process of its own that outlives whoever started it, and stops it: asked first, so that it saves
 * its state, then terminated, then killed with all it started.
 */
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import { fileFault } from '../formats/file-faults.ts';
import { InputError, messageOf } from '../shared/errors.ts';
import { RUN_PATHS } from '../shared/run/layout.ts';
import { sendControl } from '../shared/run/send-control.ts';

export interface Runtime {
  /** The Node that runs the trainer. */
  readonly node: string;
  /** The trainer's bundle; it is given the run folder. */
  readonly script: string;
  /** Added to this process's own. */
  readonly env?: NodeJS.ProcessEnv;
}

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

export interface Trainer {
  readonly pid: number;
  /** Never rejects. */
  readonly stopped: Promise<Exit>;
  /** Resolves once the process has ended. */
  stop(): Promise<Exit>;
}

/** What a trainer is granted before the next, ruder way of stopping it, in milliseconds. */
export interface StopPatience {
  /** After the command: a step, an evaluation or a compilation may have to end first. */
  readonly asked: number;
  /** After the signal. */
  readonly terminated: number;
}

const PATIENCE: StopPatience = { asked: 60_000, terminated: 10_000 };

/** Throws an `InputError` where the process cannot be started. What it writes to its streams goes to `trainer.log`. */
export async function launchTrainer(
  runFolder: string,
  { node, script, env = {} }: Runtime,
  patience = PATIENCE,
): Promise<Trainer> {
  const { pid, stopped } = await start(runFolder, node, script, env);
  let stopping: Promise<Exit> | undefined;
  return { pid, stopped, stop: () => (stopping ??= stop(runFolder, pid, stopped, patience)) };
}

async function start(
  runFolder: string,
  node: string,
  script: string,
  env: NodeJS.ProcessEnv,
): Promise<Pick<Trainer, 'pid' | 'stopped'>> {
  const path = join(runFolder, RUN_PATHS.log);
  let log: number;
  try {
    log = openSync(path, 'a');
  } catch (error) {
    throw fileFault(error, path);
  }
  try {
    const child = spawn(node, [script, runFolder], {
      cwd: runFolder,
      env: { ...process.env, ...env },
      // A group of its own: Ctrl-C in the terminal of its parent does not reach it.
      detached: true,
      stdio: ['ignore', log, log],
      windowsHide: true,
    });
    const stopped = new Promise<Exit>((resolve) => {
      child.once('exit', (code, signal) => {
        resolve({ code, signal });
      });
    });
    await once(child, 'spawn');
    return { pid: child.pid!, stopped };
  } catch (error) {
    throw new InputError(`the trainer cannot be started: ${messageOf(error)}`, { file: node });
  } finally {
    closeSync(log);
  }
}

async function stop(runFolder: string, pid: number, stopped: Promise<Exit>, patience: StopPatience): Promise<Exit> {
  const ways: [act: () => unknown, patience: number][] = [
    [() => sendControl(runFolder, 'stop'), patience.asked],
    [() => process.kill(pid, 'SIGTERM'), patience.terminated],
  ];
  for (const [act, wait] of ways) {
    try {
      await act();
    } catch {
      // A folder that cannot be written or a process that just ended: the next way, or the exit, settles it.
    }
    const exit = await within(stopped, wait);
    if (exit !== null) return exit;
  }
  await killTree(pid);
  return stopped;
}

async function within(stopped: Promise<Exit>, milliseconds: number): Promise<Exit | null> {
  const timer = new AbortController();
  try {
    return await Promise.race([stopped, sleep(milliseconds, null, { signal: timer.signal })]);
  } finally {
    timer.abort();
  }
}

async function killTree(pid: number): Promise<void> {
  try {
    if (process.platform === 'win32') await promisify(execFile)('taskkill', ['/pid', String(pid), '/T', '/F']);
    else process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended meanwhile.
  }
}
