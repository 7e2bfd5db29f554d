/** The jobs of a sweep. Which ranks a plan allows the cost function tells, whose own tests hold it to the planner. */
import { expect, test } from 'vitest';
import { jobSchema } from '../../../src/shared/job.ts';
import type { PlanResult } from '../../../src/shared/protocol/results.ts';
import { sweepChoices, sweepJobs } from '../../../src/shared/sweep.ts';

const job = (more: object) => jobSchema.parse({ data: '/data/pets', base: 'sample', ...more });

test('one job a rank, alpha in its ratio, all else the same', () => {
  const draft = job({ lora: { rank: 8, alpha: 12, dropout: 0.1 }, training: { epochs: 9 } });
  const jobs = sweepJobs(draft, [4, 32], 'pets');
  expect(jobs.map(({ name, lora }) => [name, lora.rank, lora.alpha])).toEqual([
    ['pets-r4', 4, 6],
    ['pets-r32', 32, 48],
  ]);
  for (const each of jobs) {
    expect(each).toEqual({
      ...draft,
      name: each.name,
      lora: { ...draft.lora, rank: each.lora.rank, alpha: each.lora.alpha },
    });
    expect(jobSchema.safeParse(each).success).toBe(true);
  }
});

test('a long name leaves room for the rank', () => {
  const [only] = sweepJobs(job({ name: 'x'.repeat(80) }), [16], 'pets');
  expect(only!.name).toBe(`${'x'.repeat(76)}-r16`);
});

test("the job's own rank is among the choices, in order and once", () => {
  const ranks = (rank: number) => sweepChoices(job({ lora: { rank } }), null).map((choice) => choice.rank);
  expect(ranks(8)).toEqual([1, 2, 4, 8, 16, 32, 64, 128, 256]);
  expect(ranks(12)).toEqual([1, 2, 4, 8, 12, 16, 32, 64, 128, 256]);
});

test('a plan leaves out the ranks that no layer is large enough for, and tells what each costs', () => {
  const sides = [64, 16];
  const modules = sides.map((side, index) => ({
    module: { kind: 'linear', path: `blocks.${index}.q`, inFeatures: side, outFeatures: side },
    memory: { fixed: 0, perRank: 1, reach: 0 },
    seconds: { fixed: 0, perRank: 1, reach: 0 },
  }));
  const base = { memory: 0, seconds: 0 };
  const coefficients = { modules, saved: [], modelParameters: 1e6, metadata: {}, base };
  const plan = { layers: modules.map(({ module }) => ({ module: module.path })), skipped: [], coefficients };
  const choices = sweepChoices(job({}), { plan } as unknown as PlanResult);
  expect(choices.map(({ rank }) => rank)).toEqual([1, 2, 4, 8, 16, 32, 64]);
  expect(choices.find(({ rank }) => rank === 4)!.cost!.adapterParameters).toBe(4 * 2 * (64 + 16));
  expect(choices.find(({ rank }) => rank === 32)!.cost!.adapterParameters).toBe(32 * 2 * 64);
});
