/** The programs of a run, by what its dataset is for. */
import { openClassifierPrograms } from './programs.ts';
import type { Session } from './session.ts';
import type { Programs } from './task.ts';

/** `directory` takes what is too large to keep in memory. */
export function openPrograms(session: Session, directory: string): Promise<Programs> {
  return openClassifierPrograms(session, directory);
}
