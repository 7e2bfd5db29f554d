/** What a command is: its words, what it takes, and a function from that to a result, which is printed in one place. */
import type { Command as Commander } from 'commander';
import type { ExitCode } from './exit-codes.ts';
import { declare, type Flags, type Positionals, type Values, valuesOf } from './parameters.ts';
import type { Terminal } from './terminal.ts';

/** What came of a command. */
export interface Result {
  /** The document that `--json` prints. */
  readonly json: unknown;
  /** The lines for people; `out` says whether there are colours. */
  readonly lines: (out: Terminal) => readonly string[];
  /** 0 where nothing is said. */
  readonly exit?: ExitCode;
}

/** Where a command runs. */
export interface Site {
  /** Standard error: progress, notes, warnings. */
  readonly logs: Terminal;
}

export interface Definition<P extends Positionals, F extends Flags> {
  readonly name: string;
  /** One line, without a full stop. */
  readonly summary: string;
  /** What else a person should know, in the help of the command alone. */
  readonly details?: string;
  /** Lines as they would be typed, without `lowrank`. */
  readonly examples: readonly string[];
  readonly positionals: P;
  readonly flags: F;
  /** Throws an `InputError` for the input's fault, a `UsageError` for a line that makes no sense. */
  readonly run: (given: Values<P> & Values<F>, site: Site) => Promise<Result>;
}

/** Runs a command's function and prints what it gives: `program.ts`. */
export type Perform = (work: (site: Site) => Promise<Result>, json: boolean) => Promise<void>;

/** A definition whose types are settled, so that all fit one list. */
export interface Command {
  readonly name: string;
  attach(program: Commander, perform: Perform): void;
}

export function defineCommand<P extends Positionals, F extends Flags>(definition: Definition<P, F>): Command {
  const { name, summary, details, examples, positionals, flags, run } = definition;
  return {
    name,
    attach(program, perform) {
      const command = program
        .command(name)
        .summary(summary)
        .description(details ?? `${summary}.`);
      declare(command, positionals, flags);
      command.option('--json', 'Print one JSON document instead of text');
      command.addHelpText('after', ['', 'Examples:', ...examples.map((line) => `  lowrank ${line}`)].join('\n'));
      command.action(async () => {
        const { json = false } = command.opts<{ json?: boolean }>();
        await perform((site) => run(valuesOf(command, positionals, flags), site), json);
      });
    },
  };
}
