import { describe, expect, it } from 'vitest';
import { nextInQueue, type Queued } from '../../../../src/shared/run/queue.ts';
import type { RunStatus } from '../../../../src/shared/run/status.ts';

const run = (folder: string, status: RunStatus, created: number): Queued => ({ folder, status, created });
const DAY = 24 * 60 * 60_000;

describe('the queue', () => {
  it('starts the run that has waited longest', () => {
    expect(nextInQueue([run('b', 'queued', 2), run('a', 'queued', 1), run('c', 'finished', 0)], 3)).toBe('a');
  });

  it('waits while one is at work, paused ones too, since they hold their memory', () => {
    for (const status of ['running', 'paused'] as const)
      expect(nextInQueue([run('a', 'queued', 1), run('b', status, 0)], 3)).toBeNull();
  });

  it('does not wait for runs that have ended in any way', () => {
    for (const status of ['finished', 'stopped', 'interrupted', 'failed'] as const)
      expect(nextInQueue([run('a', 'queued', 1), run('b', status, 0)], 3)).toBe('a');
  });

  it('decides the same in every window for runs of one instant', () => {
    const runs = [run('b', 'queued', 1), run('a', 'queued', 1)];
    expect(nextInQueue(runs, 2)).toBe(nextInQueue(runs.toReversed(), 2));
  });

  it('starts nothing by surprise that was queued before yesterday', () => {
    expect(nextInQueue([run('a', 'queued', 0)], DAY + 1)).toBeNull();
  });

  it('has nothing to start where nothing waits', () => {
    expect(nextInQueue([], 0)).toBeNull();
  });
});
