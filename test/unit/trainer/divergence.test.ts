import { describe, expect, it } from 'vitest';
import { Random } from '../../../src/shared/random.ts';
import { type Divergence, divergenceSchema, NOTHING_OBSERVED, observeStep } from '../../../src/trainer/divergence.ts';

/** Feeds losses until one is judged diverged; the state passes through JSON, as through a checkpoint. */
function firstDivergence(losses: Iterable<number>): (Divergence & { step: number }) | null {
  let state = NOTHING_OBSERVED;
  let step = 0;
  for (const loss of losses) {
    const observed = observeStep(state, { step, loss, gradientNorm: 1, learningRate: 1e-3, peakLearningRate: 1e-3 });
    if (observed.divergence !== null) return { ...observed.divergence, step };
    state = divergenceSchema.parse(JSON.parse(JSON.stringify(observed.state)));
    step++;
  }
  return null;
}

const series = (length: number, loss: (step: number) => number): number[] =>
  Array.from({ length }, (_, step) => loss(step));

describe('observeStep', () => {
  it.each([NaN, Infinity])('sees a loss of %d at once', (bad) => {
    expect(firstDivergence([2, 1, bad])).toMatchObject({ what: 'loss-not-finite', step: 2 });
  });

  it('sees gradients that are not finite, though the loss still is', () => {
    const observed = { step: 7, loss: 1, gradientNorm: NaN, learningRate: 1e-4, peakLearningRate: 0.02 };
    const { divergence } = observeStep(NOTHING_OBSERVED, observed);
    expect(divergence).toEqual({
      what: 'gradient-not-finite',
      message:
        'the gradients are not numbers any more at step 7; lower training.learningRate from 0.02 to 0.002, or lengthen training.warmup',
      suggestedLearningRate: 0.002,
    });
  });

  it.each([
    ['loss', { loss: NaN, gradientNorm: NaN }, 'the loss is not a number at the first step'],
    ['gradient', { loss: 2, gradientNorm: Infinity }, 'the gradients are not numbers at the first step'],
  ])('blames no learning rate for a %s that is broken before the first update', (what, numbers, message) => {
    const { divergence } = observeStep(NOTHING_OBSERVED, {
      step: 1,
      ...numbers,
      learningRate: 1e-4,
      peakLearningRate: 1e-3,
    });
    expect(divergence).toMatchObject({ what: `${what}-not-finite`, suggestedLearningRate: null });
    expect(divergence!.message).toContain(message);
    expect(divergence!.message).not.toContain('learningRate');
  });

  it('sees a loss that rises and stays', () => {
    const found = firstDivergence(series(200, (step) => (step < 50 ? 2.3 * 0.98 ** step : 12)));
    expect(found).toMatchObject({ what: 'loss-rising', suggestedLearningRate: 3e-4 });
    // Twenty steps above the limit, and the few that the average takes to get there.
    expect(found!.step).toBeGreaterThanOrEqual(50 + 19);
    expect(found!.step).toBeLessThan(50 + 30);
  });

  it('lets a loss pass that falls with noise to nearly nothing', () => {
    const random = new Random(1);
    expect(firstDivergence(series(3000, (step) => 2.3 * 0.995 ** step * Math.exp(random.normal())))).toBeNull();
  });

  it('lets a hard stretch of data pass that is no worse than the beginning', () => {
    expect(firstDivergence(series(400, (step) => (step < 100 ? 2.3 * 0.95 ** step : 2)))).toBeNull();
  });

  it('lets single spikes pass, however high', () => {
    expect(firstDivergence(series(500, (step) => (step % 60 === 30 ? 20 : 0.5)))).toBeNull();
  });

  it('lets a model pass that learns nothing', () => {
    const random = new Random(2);
    expect(firstDivergence(series(1000, () => 2.3 + 0.3 * random.normal()))).toBeNull();
  });
});
