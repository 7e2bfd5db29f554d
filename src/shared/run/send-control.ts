/** Puts a command into a run's `control/` folder: the one way in which windows and command lines speak to a trainer. */
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { InputError, messageOf } from '../errors.ts';
import { type ControlCommand, numberOf } from './control.ts';
import { RUN_PATHS } from './layout.ts';

/** Returns the command's number, which its acknowledgement repeats. Senders may be many: each number is taken by one. */
export async function sendControl(folder: string, command: ControlCommand): Promise<number> {
  const directory = join(folder, RUN_PATHS.control);
  const content = JSON.stringify({ command, time: Date.now() });
  try {
    await mkdir(directory, { recursive: true });
    for (;;) {
      const number = Math.max(0, ...(await readdir(directory)).map((name) => numberOf(name) ?? 0)) + 1;
      try {
        await writeFile(join(directory, `${number}.json`), content, { flag: 'wx' });
        return number;
      } catch (error) {
        if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      }
    }
  } catch (error) {
    throw new InputError(`the command '${command}' cannot be written: ${messageOf(error)}`, { file: directory });
  }
}
