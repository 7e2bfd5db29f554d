// The parity environment: a Python virtual environment with PyTorch and peft, which `npm run test:parity` compares Lowrank with.
// It is $LOWRANK_PARITY, or .parity/ as `npm run parity:setup` creates it. Nothing else here needs Python.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import process from 'node:process';

const windows = process.platform === 'win32';
const folder = resolve(process.env.LOWRANK_PARITY ?? '.parity');
const python = join(folder, ...(windows ? ['Scripts', 'python.exe'] : ['bin', 'python']));

function run(command, args) {
  const { status, error } = spawnSync(command, args, {
    stdio: 'inherit',
    shell: windows,
    env: { ...process.env, LOWRANK_PARITY: folder },
  });
  if (error !== undefined) fail(`${command}: ${error.message}`);
  if (status !== 0) process.exit(status ?? 1);
}

function fail(message) {
  console.error(message);
  process.exit(1);
}

if (process.argv[2] === 'setup') {
  run(windows ? 'python' : 'python3', ['-m', 'venv', folder]);
  run(python, ['-m', 'pip', 'install', '--requirement', 'test/parity/requirements.txt']);
  // Without what they ask for: a second OpenCV with windows, and clients of services.
  run(python, ['-m', 'pip', 'install', '--no-deps', '--requirement', 'test/parity/requirements-bare.txt']);
} else {
  if (!existsSync(python))
    fail(`No Python at ${python}: run npm run parity:setup, or set LOWRANK_PARITY to a virtual environment.`);
  run('node', ['esbuild.config.mjs']);
  run('vitest', ['run', '--project=parity', ...process.argv.slice(3)]);
}
