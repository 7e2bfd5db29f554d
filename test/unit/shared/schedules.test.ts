import { describe, expect, it } from 'vitest';
import { trainingSchema } from '../../../src/shared/job.ts';
import { learningRates, SCHEDULE_NAMES } from '../../../src/shared/schedules.ts';
import type { ScheduleName } from '../../../src/shared/schedules.ts';

const rates = (schedule: ScheduleName, warmup: number, total: number): number[] => {
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

  it.each(SCHEDULE_NAMES)('%s rises to its peak over the warm-up, from more than 0', (schedule) => {
    const [first, second, third, peak, after] = rates(schedule, 0.4, 10);
    expect([first, second, third, peak]).toEqual([0.5, 1, 1.5, 2]);
    expect(after).toBe(2);
  });

  it.each(['cosine', 'linear'] as const)(
    '%s never rises after the warm-up and still learns at the last step',
    (schedule) => {
      const falling = rates(schedule, 0.1, 50).slice(5);
      for (let i = 1; i < falling.length; i++) expect(falling[i]).toBeLessThan(falling[i - 1]!);
      expect(falling.at(-1)).toBeGreaterThan(0);
    },
  );

  it('copes with a run that is nothing but warm-up', () => {
    expect(rates('cosine', 1, 2)).toEqual([1, 2]);
  });

  it('are what a job may name, and no other', () => {
    for (const schedule of SCHEDULE_NAMES) expect(trainingSchema.parse({ schedule }).schedule).toBe(schedule);
    for (const schedule of ['cosin', 'toString', '__proto__'])
      expect(trainingSchema.safeParse({ schedule }).success).toBe(false);
  });
});
