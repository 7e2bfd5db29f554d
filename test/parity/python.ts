/** Runs the Python of the parity environment: $LOWRANK_PARITY, or .parity/ as `npm run parity:setup` creates it. */
import { execFile } from 'node:child_process';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';

const environment = resolve(process.env['LOWRANK_PARITY'] ?? '.parity');
const python = join(environment, ...(process.platform === 'win32' ? ['Scripts', 'python.exe'] : ['bin', 'python']));

/** More than any script here prints. */
const MAX_OUTPUT = 64 * 2 ** 20;

/**
 * Runs `test/parity/<script>` and returns what it printed; a script that fails throws with its standard error. Asynchronous,
 * because vitest gives up on a worker that does not answer for a minute.
 */
export async function runPython(script: string, args: readonly string[] = []): Promise<string> {
  const { stdout } = await promisify(execFile)(python, [join(import.meta.dirname, script), ...args], {
    maxBuffer: MAX_OUTPUT,
    env: { ...process.env, PYTHONDONTWRITEBYTECODE: '1', HF_HUB_OFFLINE: '1', OMP_NUM_THREADS: '2' },
  });
  return stdout;
}
