/** How many threads a CPU engine should use. */
import { readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

/**
 * Physical cores this process may use: two threads of one core share its multipliers, and a matrix product gains nothing from the
 * second. Where the system does not tell, what may be used at all.
 */
export function physicalCores(): number {
  const logical = availableParallelism();
  try {
    const cpuinfo = readFileSync('/proc/cpuinfo', 'utf8');
    const cores = new Set<string>();
    for (const block of cpuinfo.split('\n\n')) {
      const field = (name: string): string | undefined => new RegExp(`^${name}\\s*: (\\d+)`, 'm').exec(block)?.[1];
      const [package_, core] = [field('physical id'), field('core id')];
      if (package_ !== undefined && core !== undefined) cores.add(`${package_}/${core}`);
    }
    return cores.size === 0 ? logical : Math.min(logical, cores.size);
  } catch {
    return logical;
  }
}
