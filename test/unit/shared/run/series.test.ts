import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../../src/shared/run/events.ts';
import { emptySeries, joinSeries, seriesOf, thinnedIndices, thinSeries } from '../../../../src/shared/run/series.ts';

function step(number: number, loss: number | null = number): RunEvent {
  const measured = { loss, learningRate: 1, gradientNorm: 2, imagesPerSecond: 3 };
  return { type: 'step', seq: number, time: number, step: number, epoch: 0, ...measured };
}

describe('thinning', () => {
  it('leaves alone what is short', () => {
    expect(thinnedIndices([3, 1, 2], 3)).toEqual([0, 1, 2]);
  });

  it('keeps ends and extremes, in order and within the limit', () => {
    // A spike up, one down and one that is no number, each a single point of a hundred thousand.
    const values: (number | null)[] = Array.from({ length: 100_000 }, (_, index) => Math.sin(index / 5_000));
    values[31_234] = 9;
    values[71_111] = -9;
    values[50_505] = null;
    const kept = thinnedIndices(values, 4_000);
    expect(kept.length).toBeLessThanOrEqual(4_001);
    expect(kept).toEqual([...new Set(kept)].sort((a, b) => a - b));
    for (const index of [0, 31_234, 50_505, 71_111, 99_999]) expect(kept).toContain(index);
  });

  it('keeps the rows of a run whole: every column at the same places', () => {
    const series = seriesOf(Array.from({ length: 1000 }, (_, index) => step(index + 1, (index * 37) % 101)));
    const { steps } = thinSeries(series, 100);
    expect(steps.step.length).toBeLessThanOrEqual(101);
    for (const column of Object.values(steps)) expect(column).toHaveLength(steps.step.length);
    steps.step.forEach((number, index) => {
      expect(steps.loss[index]).toBe(((number - 1) * 37) % 101);
    });
  });

  it('done again on what was thinned keeps the extremes still', () => {
    const values = Array.from({ length: 50_000 }, (_, index) => (index === 25_001 ? -1 : 1));
    const once = thinnedIndices(values, 2_000).map((index) => values[index]!);
    const twice = thinnedIndices(once, 200).map((index) => once[index]!);
    expect(Math.min(...twice)).toBe(-1);
  });
});

describe('curves of a run', () => {
  it('forget what a resumed process takes back', () => {
    const resumed: RunEvent = { type: 'resumed', seq: 4, time: 4, host: '', pid: 1, step: 1, epoch: 0 };
    const events = [step(1), step(2), step(3), resumed, step(2, 20), step(3, 30)];
    expect(seriesOf(events).steps).toMatchObject({ step: [1, 2, 3], loss: [1, 20, 30] });
  });

  it("of a detector have the parts of its loss and its scores; a classifier's have no row of either", () => {
    const parts = { box: 3, cls: 2, dfl: null };
    const evaluated = { type: 'evaluation', seq: 3, time: 3, step: 2, epoch: 1, split: 'validation' } as const;
    const detection = { map50: 0.5, map: 0.25, precision: 0.75, recall: 0.6, f1: 0.67 };
    const evaluation: RunEvent = { ...evaluated, loss: 5, parts, accuracy: null, detection, images: 4, perClass: null };
    const series = seriesOf([{ ...step(1), parts } as RunEvent, step(2), evaluation]);
    expect(series.parts.train).toEqual({ step: [1], box: [3], cls: [2], dfl: [null] });
    expect(series.parts.validation).toEqual({ step: [2], box: [3], cls: [2], dfl: [null] });
    expect(series.detection).toEqual({ step: [2], map50: [0.5], precision: [0.75], recall: [0.6] });
    expect(series.evaluations.validation.metric).toEqual([0.25]);
    expect(seriesOf([step(1), step(2)])).toMatchObject({ parts: { train: { step: [] } }, detection: { step: [] } });
  });

  it('joined from pieces are those of the whole', () => {
    const events = [step(1), step(2), step(3)];
    const pieces = events.map((event) => seriesOf([event])).reduce(joinSeries, emptySeries());
    expect(pieces).toEqual(seriesOf(events));
  });
});
