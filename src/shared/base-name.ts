/** How a job calls its base: `sample` for the one that comes with Lowrank, `hf:owner/name[@revision]` for one on a hub, else by its path. */
export type BaseKind = 'sample' | 'hub' | 'path';

export function kindOfBase(name: string): BaseKind {
  if (name === 'sample') return 'sample';
  return name.startsWith('hf:') ? 'hub' : 'path';
}
