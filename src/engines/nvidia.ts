/** The NVIDIA cards of this machine, as their driver's own program tells them. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

export interface NvidiaCard {
  readonly name: string;
  /** Bytes. */
  readonly memory: number;
  readonly memoryUsed: number;
  readonly driver: string;
}

/** A driver that hangs must not hang what asks for it. */
const TIMEOUT_MS = 10_000;
/** More cards than any machine has; more lines are no answer of this program. */
const MAX_CARDS = 64;

/** None where there is no driver, or it does not answer. */
export async function nvidiaCards(): Promise<NvidiaCard[]> {
  try {
    const query = ['--query-gpu=name,memory.total,memory.used,driver_version', '--format=csv,noheader,nounits'];
    const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: TIMEOUT_MS });
    return parseCards(stdout);
  } catch {
    return [];
  }
}

/** One card a line, `NVIDIA H100 80GB HBM3, 81559, 4, 580.65.06`, memory in MiB; lines of another form are passed over. */
export function parseCards(text: string): NvidiaCard[] {
  return text
    .split('\n')
    .slice(0, MAX_CARDS)
    .flatMap((line) => {
      const [name, total, used, driver] = line.split(',').map((field) => field.trim());
      const [memory, memoryUsed] = [Number(total) * 2 ** 20, Number(used) * 2 ** 20];
      if (!name || !driver || !(memory > 0) || !(memoryUsed >= 0)) return [];
      return [{ name, memory, memoryUsed, driver }];
    });
}
