#!/usr/bin/env node
/** The `lowrank` command. */
import { runCommandLine } from './program.ts';

for (const stream of [process.stdout, process.stderr]) {
  // A reader that has seen enough (`lowrank runs | head`) is no fault; what goes on, a training run, goes on unseen.
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

process.exitCode = await runCommandLine(process.argv.slice(2));
