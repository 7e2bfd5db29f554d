/**
 * How a job calls its base: `sample` or `sample-detector` for those that come with Lowrank, `hf:owner/name[@revision]` for one on a hub, else
 * by its path.
 */
import { SAMPLE_DETECTOR } from './task-defaults.ts';

export type BaseKind = 'sample' | 'hub' | 'path';

export function kindOfBase(name: string): BaseKind {
  if (name === 'sample' || name === SAMPLE_DETECTOR) return 'sample';
  return name.startsWith('hf:') ? 'hub' : 'path';
}
