import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../../src/shared/run/events.ts';
import { NO_PACE, paceAfter, remainingSeconds } from '../../../../src/shared/run/pace.ts';
import { advance, summarise } from '../../../../src/shared/run/summary.ts';

const base = { seq: 1 };
const ready: RunEvent = { ...base, type: 'ready', time: 0, totalSteps: 100, stepsPerEpoch: 10, epochs: 10 };
const step = (number: number, time: number): RunEvent => {
  const measured = { loss: 1, learningRate: 1, gradientNorm: 1, imagesPerSecond: 1 };
  return { ...base, type: 'step', time, step: number, epoch: 0, ...measured };
};
const remaining = (events: readonly RunEvent[]): number | null =>
  remainingSeconds(paceAfter(NO_PACE, events), events.reduce(advance, summarise([])));

describe('the time left', () => {
  it('is told by the steps that were done', () => {
    expect(remaining([ready, step(1, 1_000), step(2, 3_000), step(3, 5_000)])).toBe(97 * 2);
  });

  it('is not told before two steps, nor after the last', () => {
    expect(remaining([ready])).toBeNull();
    expect(remaining([ready, step(1, 1_000)])).toBeNull();
    expect(remaining([ready, step(99, 1_000), step(100, 3_000)])).toBeNull();
  });

  it('forgets the time before a pause', () => {
    const paused: RunEvent = { ...base, type: 'paused', time: 3_000, step: 2 };
    const continued: RunEvent = { ...base, type: 'continued', time: 1_000_000, step: 2 };
    const events = [ready, step(1, 1_000), step(2, 3_000), paused, continued, step(3, 1_001_000), step(4, 1_003_000)];
    expect(remaining(events)).toBe(96 * 2);
    expect(paceAfter(NO_PACE, events).longestGapMs).toBeLessThan(10_000);
  });

  it('follows a machine that became slower', () => {
    const fast = Array.from({ length: 500 }, (_, index) => step(1, index));
    const { times } = paceAfter(NO_PACE, fast);
    expect(times.length).toBe(200);
  });

  it('is the same from pieces as from the whole', () => {
    const events = [ready, step(1, 1_000), step(2, 3_000), step(3, 5_000)];
    expect(events.reduce((pace, event) => paceAfter(pace, [event]), NO_PACE)).toEqual(paceAfter(NO_PACE, events));
  });
});
