// Runs a program in a process group of its own, and ends the whole group when standard input closes: when who started it wants that,
// or is gone. code-server leaves extension hosts behind for hours otherwise.
import { spawn } from 'node:child_process';
import process from 'node:process';

const [program, ...args] = process.argv.slice(2);
const child = spawn(program, args, { detached: true, stdio: ['ignore', 'inherit', 'inherit'] });

function end() {
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // The group is gone.
  }
  process.exit();
}

process.stdin.resume();
process.stdin.on('end', end);
process.stdin.on('error', end);
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, end);
child.on('error', (error) => {
  console.error(error.message);
  process.exit(1);
});
child.on('exit', end);
