import { describe, expect, it } from 'vitest';
import { exponential } from '../../../../src/trainer/detection/exponential.ts';

describe('exponential', () => {
  it('is e^x to ten digits wherever float32 has a sigmoid or a softmax', () => {
    let most = 0;
    for (let x = -80; x <= 80; x += 0.0137) most = Math.max(most, Math.abs(exponential(x) / Math.exp(x) - 1));
    expect(most).toBeLessThan(1e-10);
  });

  it('is bounded, and passes on what is no number', () => {
    expect(exponential(0)).toBe(1);
    expect(exponential(1e30)).toBe(exponential(700));
    expect(exponential(-1e30)).toBe(exponential(-700));
    expect(exponential(-1e30)).toBeGreaterThan(0);
    expect(exponential(NaN)).toBeNaN();
  });
});
