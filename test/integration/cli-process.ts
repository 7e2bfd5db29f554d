/** `lowrank` as a shell starts it: the bundle in a process of its own, its two streams kept apart. */
import { spawn } from 'node:child_process';
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

const CLI = join(import.meta.dirname, '../../dist/cli.js');

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly pid: number;
  /** What it has written so far, both streams together. */
  written(): string;
  /** Sends the command alone a signal, as a shell's Ctrl-C would: its trainer is in a group of its own. */
  signal(name: NodeJS.Signals): void;
  readonly ended: Promise<Ended>;
}

export interface StartOptions {
  readonly cwd: string;
  /** Another user than the one of the tests, where these are run by root. */
  readonly uid?: number | undefined;
  readonly env?: NodeJS.ProcessEnv;
}

export function start(args: readonly string[], { cwd, uid, env = {} }: StartOptions): Running {
  const child = spawn(process.execPath, [CLI, ...args], {
    cwd,
    ...(uid === undefined ? {} : { uid }),
    env: { ...process.env, NO_COLOR: undefined, FORCE_COLOR: undefined, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const streams = { stdout: '', stderr: '' };
  let written = '';
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => {
      streams[name] += text;
      written += text;
    });
  }
  return {
    pid: child.pid!,
    written: () => written,
    signal: (name) => child.kill(name),
    ended: new Promise((resolve) => {
      child.on('close', (code) => {
        resolve({ code, ...streams });
      });
    }),
  };
}

export function lowrank(args: readonly string[], options: StartOptions): Promise<Ended> {
  return start(args, options).ended;
}

/** A scratch folder for all tests of a file. */
export function useFolder(): { path: string } {
  const folder = { path: '' };
  beforeAll(() => {
    folder.path = realpathSync(mkdtempSync(join(tmpdir(), 'lowrank-cli-')));
  });
  afterAll(() => {
    rmSync(folder.path, { recursive: true, force: true });
  });
  return folder;
}

/** The document on standard output; fails where there is more than that. */
export function documentOf({ stdout, stderr, code }: Ended): unknown {
  try {
    return JSON.parse(stdout) as unknown;
  } catch {
    throw new Error(`no JSON document (exit ${code}): ${stdout}\n${stderr}`);
  }
}
