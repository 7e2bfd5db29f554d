/**
 * The NVIDIA cards of this machine, as their driver tells them: `nvidia-smi` is asked here and nowhere else. What it says of each card and of
 * the processes on it is a line of values with commas between.
 */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { env } from 'node:process';
import { promisify } from 'node:util';

export interface NvidiaCard {
  /** As `nvidia-smi` counts, by the place on the bus. */
  readonly index: number;
  /** `GPU-5f0e…`: stays when cards are added. */
  readonly uuid: string;
  readonly name: string;
  /** Bytes. */
  readonly memory: number;
  readonly memoryUsed: number;
  readonly driver: string;
}

/** A process that computes on a card; those of other containers have no name. */
export interface CardProcess {
  readonly uuid: string;
  readonly pid: number;
  /** The program's file, without its folder; null where the driver does not tell it. */
  readonly name: string | null;
  /** Bytes; null where the driver does not tell it, as under WSL. */
  readonly memory: number | null;
}

/** A driver that hangs must not hang what asks for it. */
const TIMEOUT_MS = 10_000;
/** More cards, or processes, than any machine has; more lines are no answer of this program. */
const MAX_LINES = 1024;
const MIB = 2 ** 20;

/** Those that this process may use, by their numbers; none where there is no driver, or it does not answer. */
export async function nvidiaCards(): Promise<NvidiaCard[]> {
  const fields = 'index,uuid,name,memory.total,memory.used,driver_version';
  return visibleCards(parseCards(await query(`--query-gpu=${fields}`)), env['CUDA_VISIBLE_DEVICES']);
}

export async function cardProcesses(): Promise<CardProcess[]> {
  return parseProcesses(await query('--query-compute-apps=gpu_uuid,pid,used_memory,process_name'));
}

/** Of the kernel module; where that tells nothing, as under WSL, of the driver's own program. Null where there is none. */
export async function nvidiaDriver(): Promise<string | null> {
  const told = await readFile('/proc/driver/nvidia/version', 'utf8').catch(() => '');
  return driverOf(told) ?? driverOf(await query('--query-gpu=driver_version'));
}

/** `580.65.06` out of a line that may hold dates and the compiler's version as well. */
export function driverOf(text: string): string | null {
  return /(?<![\d.])\d{3,}\.\d+(\.\d+)?(?![\d.])/.exec(text)?.[0] ?? null;
}

async function query(what: string): Promise<string> {
  try {
    const options = { timeout: TIMEOUT_MS };
    return (await promisify(execFile)('nvidia-smi', [what, '--format=csv,noheader,nounits'], options)).stdout;
  } catch {
    return '';
  }
}

function linesOf(text: string): string[][] {
  const lines = text.split('\n').slice(0, MAX_LINES);
  return lines.map((line) => line.split(',').map((field) => field.trim()));
}

/** One card a line, `0, GPU-5f0e…, NVIDIA H100 80GB HBM3, 81559, 4, 580.65.06`, memory in MiB; lines of another form are passed over. */
export function parseCards(text: string): NvidiaCard[] {
  return linesOf(text).flatMap(([index, uuid, name, total, used, driver]) => {
    const [memory, memoryUsed] = [Number(total) * MIB, Number(used) * MIB];
    if (!index || !/^\d+$/.test(index) || !uuid || !name || !driver || !(memory > 0) || !(memoryUsed >= 0)) return [];
    return [{ index: Number(index), uuid, name, memory, memoryUsed, driver }];
  });
}

/** One process a line, `GPU-5f0e…, 4711, 1024, /usr/bin/python3`; the last field may hold commas. */
export function parseProcesses(text: string): CardProcess[] {
  return linesOf(text).flatMap(([uuid, pid, used, ...name]) => {
    if (!uuid || !pid || !/^\d+$/.test(pid)) return [];
    const memory = Number(used) * MIB;
    const program = /^\[.*\]$/.test(name.join(',')) ? '' : (name.join(',').split('/').at(-1) ?? '');
    return [{ uuid, pid: Number(pid), name: program || null, memory: memory >= 0 ? memory : null }];
  });
}

/**
 * What CUDA shows of them by `CUDA_VISIBLE_DEVICES`: numbers or beginnings of UUIDs, up to the first that there is not (CUDA C++ Programming
 * Guide, Environment Variables).
 */
export function visibleCards(cards: readonly NvidiaCard[], visible: string | undefined): NvidiaCard[] {
  if (visible === undefined) return [...cards];
  const shown: NvidiaCard[] = [];
  for (const name of visible.split(',')) {
    const card = cards.find((each) => isCalled(each, name.trim()));
    if (card === undefined) break;
    shown.push(card);
  }
  return shown.toSorted((a, b) => a.index - b.index);
}

/** `name` is a card's number, or its UUID or the beginning of it. */
export function isCalled({ index, uuid }: NvidiaCard, name: string): boolean {
  return /^\d+$/.test(name) ? index === Number(name) : name.length > 4 && uuid.startsWith(name);
}
