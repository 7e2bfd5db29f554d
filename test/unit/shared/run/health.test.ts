import { describe, expect, it } from 'vitest';
import { healthOf, type Observation, watch, type Watched } from '../../../../src/shared/run/health.ts';

const held: Observation = { liveness: 'held', heartbeat: 0, events: 1, at: 0 };
const doubtful: Observation = { ...held, liveness: 'doubtful' };

/** Looks every two seconds, each at what `seen` says of that time. */
function looking(seconds: number, seen: (at: number) => Partial<Observation>, start = held): Watched {
  let watched: Watched | null = null;
  for (let at = 0; at <= seconds * 1000; at += 2_000) watched = watch(watched, { ...start, at, ...seen(at) });
  return watched!;
}

describe('the health of a run', () => {
  it('is fine while its heart beats and its events come', () => {
    const watched = looking(3600, (at) => ({ heartbeat: at, events: at }));
    expect(healthOf('running', watched, 0)).toBe('fine');
  });

  it('is silent when the heartbeat of a living process stops', () => {
    expect(
      healthOf(
        'running',
        looking(10, () => ({})),
        0,
      ),
    ).toBe('fine');
    expect(
      healthOf(
        'running',
        looking(20, () => ({})),
        0,
      ),
    ).toBe('silent');
  });

  it('is silent when nothing happens for ten times longer than ever before, ten minutes at least', () => {
    const beating = (seconds: number): Watched => looking(seconds, (at) => ({ heartbeat: at }));
    expect(healthOf('running', beating(590), 1_000)).toBe('fine');
    expect(healthOf('running', beating(610), 1_000)).toBe('silent');
    expect(healthOf('running', beating(610), 120_000)).toBe('fine');
    // A paused run has nothing to tell.
    expect(healthOf('paused', beating(610), 1_000)).toBe('fine');
  });

  it('is not silent after a night of sleep, whose hours the clock has counted', () => {
    const before = looking(10, (at) => ({ heartbeat: at, events: at }));
    const morning = watch(before, { ...before, at: before.at + 8 * 3_600_000 });
    expect(healthOf('running', morning, 1_000)).toBe('fine');
  });

  it('of a holder in doubt waits for its beat, and no longer than a living one would need', () => {
    expect(
      healthOf(
        'interrupted',
        looking(4, () => ({}), doubtful),
        0,
      ),
    ).toBe('waiting');
    expect(
      healthOf(
        'interrupted',
        looking(20, () => ({}), doubtful),
        0,
      ),
    ).toBe('fine');
    expect(
      healthOf(
        'interrupted',
        looking(20, (at) => ({ heartbeat: at }), doubtful),
        0,
      ),
    ).toBe('waiting');
  });

  it('of a run that nobody holds is fine', () => {
    expect(healthOf('interrupted', watch(null, { ...held, liveness: 'free' }), 0)).toBe('fine');
    expect(healthOf('queued', watch(null, { ...held, liveness: null }), 0)).toBe('fine');
  });
});
