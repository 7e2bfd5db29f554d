/** The command line as a whole: reads the words, runs one command, prints its result, and says by a number how it ended. */
import { Command, CommanderError } from 'commander';
import { version } from '../../package.json';
import { InputError, messageOf } from '../shared/errors.ts';
import type { Perform } from './command.ts';
import { COMMANDS } from './commands.ts';
import { EXIT, type ExitCode, UsageError } from './exit-codes.ts';
import { paint, terminalOf } from './terminal.ts';

const SUMMARY = 'Fine-tune a vision model with LoRA on your own machine.';
const AFTER = `
Exit status: 0 done, 1 the input's fault, 2 wrong usage, 3 interrupted with the state saved.
A first run, without any data of your own: lowrank demo`;

/** Runs one command line, its words without `node` and the script. Never throws. */
export async function runCommandLine(words: readonly string[]): Promise<ExitCode> {
  let exit: ExitCode = EXIT.done;
  const perform: Perform = async (work, json) => {
    const result = await work({ logs: terminalOf(process.stderr) });
    const out = terminalOf(process.stdout);
    out.write(
      json
        ? `${JSON.stringify(result.json, null, 2)}\n`
        : result
            .lines(out)
            .map((line) => `${line}\n`)
            .join(''),
    );
    exit = result.exit ?? EXIT.done;
  };
  try {
    await programOf(perform).parseAsync(words, { from: 'user' });
    return exit;
  } catch (error) {
    return tell(error);
  }
}

function programOf(perform: Perform): Command {
  const program = new Command('lowrank')
    .description(SUMMARY)
    .version(version, '-V, --version', 'Print the version')
    .helpOption('-h, --help', 'Print the help')
    .helpCommand(false)
    .addHelpText('after', AFTER)
    .showHelpAfterError('(add --help for what there is)')
    .configureHelp({ sortSubcommands: false, subcommandTerm: (command) => command.name() })
    .exitOverride();
  for (const command of COMMANDS) command.attach(program, perform);
  return program;
}

function tell(error: unknown): ExitCode {
  // Commander has printed its own message by now.
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
  const logs = terminalOf(process.stderr);
  const prefix = paint(logs, 'red', 'error:');
  if (process.env['LOWRANK_DEBUG'] && error instanceof Error) logs.write(`${error.stack ?? error.message}\n`);
  const message = messageOf(error).replaceAll(/\s*\n\s*/g, ' ');
  if (error instanceof InputError || error instanceof UsageError) {
    logs.write(`${prefix} ${message}\n`);
    return error instanceof InputError ? EXIT.input : EXIT.usage;
  }
  logs.write(`${prefix} internal fault: ${message} (please report it; LOWRANK_DEBUG=1 shows where)\n`);
  return EXIT.internal;
}
