/** The memory that a process of this machine holds now, as the system tells it, and that of its card. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { promisify } from 'node:util';
import { cardProcesses, nvidiaCards } from '../../formats/nvidia.ts';

/** In bytes; null where the system does not tell without a program of its own. */
export async function residentBytes(pid: number): Promise<number | null> {
  try {
    if (process.platform === 'linux') {
      const [, kilobytes] = /^VmRSS:\s+(\d+) kB$/m.exec(await readFile(`/proc/${pid}/status`, 'utf8')) ?? [];
      return kilobytes === undefined ? null : Number(kilobytes) * 1024;
    }
    if (process.platform === 'darwin') {
      const { stdout } = await promisify(execFile)('ps', ['-o', 'rss=', '-p', String(pid)]);
      return Number(stdout.trim()) * 1024 || null;
    }
  } catch {
    // It has just ended.
  }
  return null;
}

/**
 * What a process has of a card, in bytes; where the driver does not tell processes apart, as in a container or under WSL, what all of them
 * have together. Null where it does not answer.
 */
export async function cardBytes(uuid: string, pid: number): Promise<number | null> {
  const own = (await cardProcesses()).find((each) => each.uuid === uuid && each.pid === pid)?.memory ?? null;
  if (own !== null) return own;
  return (await nvidiaCards()).find((card) => card.uuid === uuid)?.memoryUsed ?? null;
}
