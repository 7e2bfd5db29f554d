import { describe, expect, it } from 'vitest';
import { InputError } from '../../../src/shared/errors.ts';
import { learningRates } from '../../../src/trainer/schedules.ts';

const rates = (schedule: string, warmup: number, total: number): number[] => {
  const rate = learningRates({ schedule, learningRate: 2, warmup }, total);
  return Array.from({ length: total }, (_, step) => rate(step));
};

describe('learningRates', () => {
  it('falls along half a cosine', () => {
    expect(rates('cosine', 0, 4)).toEqual([0, 1, 2, 3].map((k) => 1 + Math.cos((Math.PI * k) / 4)));
  });

  it('falls linearly', () => {
    expect(rates('linear', 0, 4)).toEqual([2, 1.5, 1, 0.5]);
  });

  it('stays constant', () => {
    expect(rates('constant', 0, 3)).toEqual([2, 2, 2]);
  });

  it.each(['cosine', 'linear', 'constant'])('%s rises to its peak over the warm-up, from more than 0', (schedule) => {
    const [first, second, third, peak, after] = rates(schedule, 0.4, 10);
    expect([first, second, third, peak]).toEqual([0.5, 1, 1.5, 2]);
    expect(after).toBe(2);
  });

  it.each(['cosine', 'linear'])('%s never rises after the warm-up and still learns at the last step', (schedule) => {
    const falling = rates(schedule, 0.1, 50).slice(5);
    for (let i = 1; i < falling.length; i++) expect(falling[i]).toBeLessThan(falling[i - 1]!);
    expect(falling.at(-1)).toBeGreaterThan(0);
  });

  it('copes with a run that is nothing but warm-up', () => {
    expect(rates('cosine', 1, 2)).toEqual([1, 2]);
  });

  it.each(['cosin', 'toString', '__proto__'])('names the schedules there are instead of %s', (schedule) => {
    expect(() => learningRates({ schedule, learningRate: 1, warmup: 0 }, 10)).toThrow(InputError);
    expect(() => learningRates({ schedule, learningRate: 1, warmup: 0 }, 10)).toThrow(
      `training.schedule: no schedule '${schedule}'; there are cosine, linear, constant`,
    );
  });
});
