/** What a run is said to be, everywhere. */
export type RunStatus = 'queued' | 'running' | 'paused' | 'finished' | 'stopped' | 'interrupted' | 'failed';

/** A process is at work on it, or may be. */
export function isLively(status: RunStatus): boolean {
  return status === 'running' || status === 'paused';
}
