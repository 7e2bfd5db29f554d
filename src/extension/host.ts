/** What every feature of the extension works with. `main.ts` makes it, once, at the first need. */
import type * as vscode from 'vscode';
import type { Job } from '../shared/job.ts';
import type { EnginesModel } from './engines/engines-model.ts';
import type { Runtime } from './runtime/runtime.ts';
import type { Tasks } from './runtime/tasks.ts';

export interface Host {
  readonly context: vscode.ExtensionContext;
  readonly log: vscode.LogOutputChannel;
  /** Where Node, trainer and tasks lie; staged at the first use. */
  readonly runtime: Runtime;
  /** Everything heavy, each in a process of its own. */
  readonly tasks: Tasks;
  /** What this machine can train on. */
  readonly engines: EnginesModel;
  readonly runs: RunStarter;
}

/** What other features ask of the runs. */
export interface RunStarter {
  /** Freezes the job into a new run and trains it, or queues it behind the one that trains; returns its folder. */
  start(job: Job, root: string): Promise<string>;
  /** Shows the run's panel. */
  open(folder: string): Promise<void>;
  /** Runs on a dataset folder, the newest first. */
  ofDataset(path: string): Promise<readonly string[]>;
  /** A run began, ended, went on or vanished, in any window; at most every two seconds while one is at work. */
  readonly onDidChange: vscode.Event<unknown>;
}
