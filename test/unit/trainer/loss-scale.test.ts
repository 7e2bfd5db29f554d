import { describe, expect, it } from 'vitest';
import { canShrink, FIRST_LOSS_SCALE, observeGradients } from '../../../src/trainer/loss-scale.ts';

describe('observeGradients', () => {
  it('halves the factor and counts the update that is left out', () => {
    expect(observeGradients({ scale: 1024, good: 7, skipped: 1 }, false)).toEqual({ scale: 512, good: 0, skipped: 2 });
  });

  it('doubles it after 2000 finite updates in a row', () => {
    let state = FIRST_LOSS_SCALE;
    for (let update = 0; update < 1999; update++) state = observeGradients(state, true);
    expect(state.scale).toBe(FIRST_LOSS_SCALE.scale);
    expect(observeGradients(state, true)).toEqual({ scale: 2 * FIRST_LOSS_SCALE.scale, good: 0, skipped: 0 });
  });

  it('never grows beyond what a half can hold of the smallest gradients', () => {
    expect(observeGradients({ scale: 2 ** 24, good: 1999, skipped: 0 }, true).scale).toBe(2 ** 24);
  });
});

describe('canShrink', () => {
  it('ends where the loss is not scaled up any more', () => {
    expect(canShrink({ scale: 2, good: 0, skipped: 0 })).toBe(true);
    expect(canShrink({ scale: 1, good: 0, skipped: 0 })).toBe(false);
  });
});
