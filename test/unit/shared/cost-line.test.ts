/** The figures beside a slider: their texts, and how little is done for each of its positions. */
import { expect, test } from 'vitest';
import { evaluateCost } from '../../../src/shared/cost.ts';
import { costFunction, costTexts } from '../../../src/shared/cost-line.ts';
import { jobSchema } from '../../../src/shared/job.ts';
import type { PlanResult } from '../../../src/shared/protocol/results.ts';

const { lora } = jobSchema.parse({ data: 'd', base: 'b' });

/** A model of `count` square layers of 768; what the figures do not read is left away. */
function planOf(count: number): { result: PlanResult; reads: () => number } {
  let reads = 0;
  const growth = { fixed: 0, perRank: 1e3, reach: 5e6 };
  const modules = Array.from({ length: count }, (_, i) => ({
    module: {
      kind: 'linear' as const,
      inFeatures: 768,
      outFeatures: 768,
      get path() {
        reads++;
        return `blocks.${i}.q`;
      },
    },
    memory: growth,
    seconds: { fixed: 0, perRank: 0.01, reach: 1 },
  }));
  const plan = {
    layers: modules.map(({ module }) => ({ module: module.path })),
    skipped: [],
    coefficients: {
      modules,
      saved: [{ name: 'base_model.model.head.weight', shape: [3, 768] }],
      modelParameters: 86_000_000,
      metadata: {},
      base: { memory: 4e8, seconds: 58 },
    },
  };
  return {
    result: { plan, modules: [], memory: { total: 16e9, free: 8e9 } } as unknown as PlanResult,
    reads: () => reads,
  };
}

test('texts: parameters and share, sizes, memory of this machine, time', () => {
  const { result } = planOf(12);
  const cost = costFunction(result, lora)({ rank: 8, alpha: 16 });
  expect(cost.trainableParameters).toBe(12 * 8 * 2 * 768 + 3 * 768);
  expect(costTexts(cost, result, 3)).toEqual({
    trainable: '149,760',
    share: '0.17 %',
    adapter: '602 kB',
    // Three classes of 768 features, 4 bytes each.
    head: '9.22 kB',
    fullCopy: '344 MB',
    factor: '572',
    memory: '405 MB',
    machineMemory: '16.0 GB',
    epoch: '1 min 00 s',
    total: '3 min 00 s',
  });
});

test('it is the planner’s own function, also with ranks of single modules', () => {
  const { result } = planOf(4);
  const pattern = { ...lora, rankPattern: { 'blocks.1.q': 2 }, useDora: true };
  const choice = { ...pattern, rank: 16, dtype: 'float32' as const, isTarget: () => true };
  expect(costFunction(result, pattern)({ rank: 16, alpha: 32 })).toEqual(
    evaluateCost(result.plan.coefficients, {
      ...choice,
      alpha: 32,
      rankOf: (path) => (path === 'blocks.1.q' ? 2 : undefined),
    }),
  );
});

test('a position of the slider names no module again, however many there are', () => {
  const { result, reads } = planOf(10_000);
  const at = costFunction(result, lora);
  const before = reads();
  for (const rank of [1, 2, 4, 8, 16, 32, 64, 128, 256]) at({ rank, alpha: 2 * rank });
  expect(reads()).toBe(before);
  // Only those that are left out are named.
  at({ rank: 1024, alpha: 2048 });
  expect(reads() - before).toBe(10_000);
});
