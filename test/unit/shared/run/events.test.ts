import { describe, expect, it } from 'vitest';
import { effectiveEvents, type NewRunEvent, parseEvent, type RunEvent } from '../../../../src/shared/run/events.ts';
import { summarise } from '../../../../src/shared/run/summary.ts';

function numbered(events: readonly NewRunEvent[]): RunEvent[] {
  return events.map((event, i) => ({ ...event, seq: i + 1, time: 1000 * (i + 1) }));
}

const step = (number: number, loss: number | null = 1): NewRunEvent => ({
  type: 'step',
  step: number,
  epoch: 0,
  loss,
  learningRate: 1e-3,
  gradientNorm: 1,
  imagesPerSecond: 10,
});
const evaluation = (number: number, accuracy: number): NewRunEvent => ({
  type: 'evaluation',
  step: number,
  epoch: 0,
  split: 'validation',
  loss: 1,
  accuracy,
  images: 10,
  perClass: null,
});
const checkpoint = (number: number): NewRunEvent => ({
  type: 'checkpoint',
  step: number,
  folder: `checkpoints/step-${number}`,
});
const best = (number: number, accuracy: number): NewRunEvent => ({ type: 'best', step: number, loss: 1, accuracy });
const process = { host: 'here', pid: 1 };

describe('parseEvent', () => {
  it('reads what JSON made of an event, a loss that was not finite as null', () => {
    const [event] = numbered([step(3, NaN)]);
    expect(parseEvent(JSON.stringify(event))).toEqual({ ...event, loss: null });
  });

  it('passes over fields that it does not know', () => {
    const [event] = numbered([{ type: 'paused', step: 3 }]);
    expect(parseEvent(JSON.stringify({ ...event, mood: 'good' }))).toEqual(event);
  });

  it.each([
    ['a torn line', '{"type":"step","seq":1,"ti'],
    ['a kind of a later version', '{"type":"teleported","seq":1,"time":1}'],
    ['a missing field', '{"type":"paused","seq":1,"time":1}'],
    ['a number out of its range', '{"type":"paused","seq":0,"time":1,"step":1}'],
    ['no object', '[]'],
    ['a line longer than any event', `{"type":"warning","seq":1,"time":1,"message":"${'x'.repeat(2 ** 20)}"}`],
  ])('is null for %s', (_, line) => {
    expect(parseEvent(line)).toBeNull();
  });
});

describe('effectiveEvents', () => {
  it('takes back what a killed process recorded past the checkpoint it was resumed from', () => {
    const killed = [{ type: 'started', ...process }, step(1), step(2), checkpoint(2), step(3), best(3, 1)] as const;
    const resumed = [{ type: 'resumed', ...process, step: 2, epoch: 0 }, step(3)] as const;
    const kept = effectiveEvents(numbered([...killed, ...resumed]));
    expect(kept.map((event) => [event.type, event.seq])).toEqual([
      ['started', 1],
      ['step', 2],
      ['step', 3],
      ['checkpoint', 4],
      ['resumed', 7],
      ['step', 8],
    ]);
  });

  it('keeps only the last of several lives', () => {
    const life = (from: number): NewRunEvent[] => [
      { type: 'resumed', ...process, step: from, epoch: 0 },
      step(from + 1),
    ];
    const kept = effectiveEvents(numbered([step(1), step(2), step(3), ...life(2), step(4), ...life(1), ...life(1)]));
    expect(kept.filter(({ type }) => type === 'step').map(({ seq }) => seq)).toEqual([1, 10]);
  });

  it('keeps the later of two measurements of one step', () => {
    const again = [{ type: 'resumed', ...process, step: 2, epoch: 0 }, evaluation(2, 0.7)] as const;
    const kept = effectiveEvents(numbered([step(1), step(2), checkpoint(2), evaluation(2, 0.6), ...again]));
    expect(kept.flatMap((event) => (event.type === 'evaluation' ? [event.accuracy] : []))).toEqual([0.7]);
    expect(kept.filter(({ type }) => type === 'step')).toHaveLength(2);
  });

  it('does not take an evaluation of one split for one of another', () => {
    const test: NewRunEvent = { ...evaluation(2, 0.5), split: 'test' } as NewRunEvent;
    expect(effectiveEvents(numbered([evaluation(2, 0.6), test]))).toHaveLength(2);
  });
});

describe('summarise', () => {
  it('is queued before anything happened', () => {
    expect(summarise([])).toMatchObject({ phase: 'queued', step: 0, best: null });
  });

  it('tells where the run stands', () => {
    const summary = summarise(
      numbered([
        { type: 'started', ...process },
        { type: 'preparing', what: 'compiling the step' },
        { type: 'ready', totalSteps: 20, stepsPerEpoch: 10, epochs: 2 },
        evaluation(0, 0.1),
        step(1, 2),
        { type: 'skipped-image', file: 'a.png', reason: 'truncated' },
        step(2, 1.5),
        evaluation(2, 0.6),
        best(2, 0.6),
        checkpoint(2),
        { type: 'warning', message: 'hot' },
        { type: 'paused', step: 2 },
      ]),
    );
    expect(summary).toMatchObject({
      phase: 'paused',
      since: 12_000,
      step: 2,
      totalSteps: 20,
      epochs: 2,
      preparing: null,
      latest: { loss: 1.5 },
      evaluations: { validation: { accuracy: 0.6 } },
      untouched: { accuracy: 0.1 },
      best: { accuracy: 0.6 },
      checkpoint: { folder: 'checkpoints/step-2' },
      skippedImages: 1,
      warnings: ['hot'],
    });
  });

  it('forgets a best that was taken back, for the one before', () => {
    const lives = [
      best(1, 0.5),
      checkpoint(1),
      best(2, 0.9),
      { type: 'resumed', ...process, step: 1, epoch: 0 },
    ] as const;
    expect(summarise(numbered(lives)).best).toMatchObject({ step: 1, accuracy: 0.5 });
  });

  it('forgets a failure once it is resumed', () => {
    const failed: NewRunEvent = { type: 'failed', step: 5, cause: 'divergence', message: 'nan' };
    expect(summarise(numbered([failed]))).toMatchObject({ phase: 'failed', failure: { message: 'nan' } });
    const resumed: NewRunEvent = { type: 'resumed', ...process, step: 4, epoch: 0 };
    expect(summarise(numbered([failed, resumed]))).toMatchObject({ phase: 'running', failure: null, step: 4 });
  });

  it('does not grow with the warnings', () => {
    const warnings = Array.from({ length: 500 }, (_, i): NewRunEvent => ({ type: 'warning', message: `w${i}` }));
    const { warnings: kept } = summarise(numbered(warnings));
    expect(kept.at(-1)).toBe('w499');
    expect(kept.length).toBeLessThan(100);
  });
});
