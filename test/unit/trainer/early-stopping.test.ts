import { describe, expect, it } from 'vitest';
import type { Score } from '../../../src/shared/run/events.ts';
import {
  earlyStoppingSchema,
  isBetter,
  NO_EVALUATION,
  observeEvaluation,
} from '../../../src/trainer/early-stopping.ts';

function observeAll(scores: readonly Score[], patience: number | null): { stoppedAt: number | null; best: number } {
  let state = NO_EVALUATION;
  for (const [step, score] of scores.entries()) {
    const observed = observeEvaluation(state, { step, ...score }, patience);
    state = earlyStoppingSchema.parse(JSON.parse(JSON.stringify(observed.state)));
    if (observed.stop) return { stoppedAt: step, best: state.best!.step };
  }
  return { stoppedAt: null, best: state.best!.step };
}

const accuracies = (...values: number[]): Score[] => values.map((accuracy) => ({ accuracy, loss: 1 }));

describe('observeEvaluation', () => {
  it('stops after as many evaluations without a better one as it has patience', () => {
    expect(observeAll(accuracies(0.5, 0.7, 0.6, 0.7, 0.6), 3)).toEqual({ stoppedAt: 4, best: 1 });
  });

  it('counts anew from each better one', () => {
    expect(observeAll(accuracies(0.5, 0.4, 0.6, 0.5, 0.7, 0.6), 2)).toEqual({ stoppedAt: null, best: 4 });
  });

  it('never stops without patience', () => {
    expect(observeAll(accuracies(0.5, 0.4, 0.3, 0.2, 0.1), null)).toEqual({ stoppedAt: null, best: 0 });
  });
});

describe('isBetter', () => {
  it('goes by accuracy first, then by loss', () => {
    expect(isBetter({ accuracy: 0.9, loss: 5 }, { accuracy: 0.8, loss: 1 })).toBe(true);
    expect(isBetter({ accuracy: 0.9, loss: 0.4 }, { accuracy: 0.9, loss: 0.5 })).toBe(true);
    expect(isBetter({ accuracy: 0.9, loss: 0.5 }, { accuracy: 0.9, loss: 0.5 })).toBe(false);
  });

  it('goes by loss where there is no accuracy, and takes a loss that is not finite for the worst', () => {
    expect(isBetter({ accuracy: null, loss: 1 }, { accuracy: null, loss: 2 })).toBe(true);
    expect(isBetter({ accuracy: null, loss: null }, { accuracy: null, loss: 2 })).toBe(false);
    expect(isBetter({ accuracy: null, loss: 2 }, { accuracy: null, loss: null })).toBe(true);
  });
});
