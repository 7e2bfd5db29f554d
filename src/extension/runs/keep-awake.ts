/**
 * Keeps the machine awake while a trainer runs, by the system's own tool. The tool watches the trainer's process, so that it ends with
 * it and goes on when this window is closed. Where there is none the machine sleeps as ever, and the log says so once.
 */
import { spawn } from 'node:child_process';
import type * as vscode from 'vscode';

const told = new Set<string>();

export function keepAwake(pid: number, log: vscode.LogOutputChannel): void {
  const command = commandFor(process.platform, pid);
  if (command === null) return;
  const [tool, ...args] = command;
  const tell = (what: string): void => {
    if (told.has(tool)) return;
    told.add(tool);
    log.info(`${tool} ${what}: this machine may go to sleep while a run is training`);
  };
  const child = spawn(tool, args, { detached: true, stdio: 'ignore', windowsHide: true });
  child.once('error', () => {
    tell('is not there');
  });
  child.once('exit', (code) => {
    if (code !== 0 && code !== null) tell(`ended with status ${code}`);
  });
  child.unref();
}

/** `ES_CONTINUOUS | ES_SYSTEM_REQUIRED`: the system stays awake as long as the process that said so lives, the screen may go dark. */
const EXECUTION_STATE = '0x80000001';

/** Null where no way is known. */
export function commandFor(platform: NodeJS.Platform, pid: number): readonly [string, ...string[]] | null {
  switch (platform) {
    case 'linux':
      return [
        'systemd-inhibit',
        '--what=idle:sleep',
        '--who=Lowrank',
        '--why=A model is being trained',
        ...['tail', `--pid=${pid}`, '-f', '/dev/null'],
      ];
    case 'darwin':
      return ['caffeinate', '-i', '-w', String(pid)];
    case 'win32': {
      const type = `[DllImport("kernel32.dll")] public static extern uint SetThreadExecutionState(uint flags);`;
      const script = [
        `$power = Add-Type -Name Power -Namespace Lowrank -PassThru -MemberDefinition '${type}'`,
        `$null = $power::SetThreadExecutionState([uint32]'${EXECUTION_STATE}')`,
        `Wait-Process -Id ${pid}`,
      ];
      return ['powershell.exe', '-NoProfile', '-NonInteractive', '-Command', script.join('; ')];
    }
    default:
      return null;
  }
}
