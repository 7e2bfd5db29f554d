/** Where Lowrank keeps what belongs to the machine and not to a workspace: bases of a hub, engine packs, who has which GPU. */
import { homedir } from 'node:os';
import { join } from 'node:path';

/** `LOWRANK_CACHE`, else where this system keeps what can be fetched again. */
export function dataHome(folder: 'hub' | 'engines' | 'devices'): string {
  return join(process.env['LOWRANK_CACHE'] ?? join(homedir(), '.cache', 'lowrank'), folder);
}
