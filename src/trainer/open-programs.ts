/** The programs of a run, by what its dataset is for. */
import type { Dataset, DetectionDataset } from '../data/dataset.ts';
import { openDetectorPrograms } from './detection/programs.ts';
import { openClassifierPrograms } from './programs.ts';
import type { Session } from './session.ts';
import type { Programs } from './task.ts';

/** `directory` takes what is too large to keep in memory. */
export function openPrograms(session: Session, directory: string): Promise<Programs> {
  const { detection } = session.base;
  // openJob has seen to it that base and dataset are of one task.
  return detection === undefined
    ? openClassifierPrograms(session as Session<Dataset>, directory)
    : openDetectorPrograms(session as Session<DetectionDataset>, detection, directory);
}
