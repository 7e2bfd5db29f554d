import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { zeros } from '../../../src/graph/tensor.ts';
import { type Adapter, PLAIN_CONFIG } from '../../../src/lora/adapter.ts';
import { initialLayer } from '../../../src/lora/init.ts';
import { writeRecord } from '../../../src/lora/record.ts';
import { writeAdapter } from '../../../src/lora/write-adapter.ts';
import { type AdaptableModule, adapterSizeOf, scaleOf } from '../../../src/shared/adaptable-module.ts';
import { type CostChoice, type CostCoefficients, evaluateCost } from '../../../src/shared/cost.ts';
import { Random } from '../../../src/shared/random.ts';

const modules: AdaptableModule[] = [
  {
    path: 'stem',
    kind: 'conv2d',
    inFeatures: 3,
    outFeatures: 12,
    kernel: [4, 4],
    stride: [4, 4],
    dilation: [1, 1],
    groups: 1,
  },
  { path: 'words', kind: 'embedding', inFeatures: 50, outFeatures: 12 },
  { path: 'blocks.0.fc', kind: 'linear', inFeatures: 12, outFeatures: 20 },
  { path: 'blocks.1.fc', kind: 'linear', inFeatures: 20, outFeatures: 6 },
];
const SAVED = [
  { name: 'base_model.model.head.weight', shape: [3, 12] },
  { name: 'base_model.model.head.bias', shape: [3] },
];
const record = { base: { sha256: 'a'.repeat(64) }, task: { classNames: ['ant', 'Käfer'] } };

const coefficients: CostCoefficients = {
  modules: modules.map((module, i) => ({
    module,
    memory: { fixed: 1000 * (i + 1), perRank: 10 * (i + 1), reach: 100_000 * (4 - i) },
    seconds: { fixed: i + 1, perRank: 0.1 * (i + 1), reach: 100 * (4 - i) },
  })),
  saved: SAVED,
  modelParameters: 5000,
  metadata: { format: 'pt', lowrank: writeRecord(record) },
  base: { memory: 1e6, seconds: 7 },
};

const choice = (given: Partial<CostChoice> = {}): CostChoice => ({
  rank: 4,
  alpha: 8,
  useRslora: false,
  useDora: false,
  init: 'kaiming',
  dtype: 'float32',
  isTarget: () => true,
  ...given,
});

describe('evaluateCost', () => {
  it('sums r·(in·kernel + out) and the head', () => {
    const cost = evaluateCost(coefficients, choice());
    const adapter = 4 * (3 * 16 + 12 + (50 + 12) + (12 + 20) + (20 + 6));
    expect(cost).toMatchObject({
      scale: 2,
      adaptedModules: 4,
      exceeded: [],
      adapterParameters: adapter,
      savedParameters: 39,
      trainableParameters: adapter + 39,
      share: (adapter + 39) / 5000,
      fullCopyBytes: 20_000,
    });
    expect(cost.savingFactor).toBe(20_000 / cost.adapterBytes);
    expect(evaluateCost(coefficients, choice({ useDora: true })).adapterParameters).toBe(adapter + 12 + 12 + 20 + 6);
    expect(evaluateCost(coefficients, choice({ useRslora: true })).scale).toBe(4);
    expect(evaluateCost(coefficients, choice({ dtype: 'float16' })).fullCopyBytes).toBe(10_000);
  });

  it('grows by fixed and slope per target, and by the reach of the lowest target alone', () => {
    const last = choice({ isTarget: (path) => path === 'blocks.1.fc' });
    expect(evaluateCost(coefficients, last).memoryBytes).toBe(1e6 + 100_000 + 4000 + 4 * 40);
    expect(evaluateCost(coefficients, last).secondsPerEpoch).toBeCloseTo(7 + 100 + 4 + 4 * 0.4, 12);
    const both = choice({ isTarget: (path) => path.startsWith('blocks') });
    expect(evaluateCost(coefficients, both).memoryBytes).toBe(1e6 + 200_000 + 3000 + 4000 + 4 * (30 + 40));
    const none = evaluateCost(coefficients, choice({ isTarget: () => false }));
    expect(none).toMatchObject({ memoryBytes: 1e6, secondsPerEpoch: 7, trainableParameters: 39, adaptedModules: 0 });
  });

  it('leaves out what the rank exceeds, and follows a pattern of ranks', () => {
    const high = evaluateCost(coefficients, choice({ rank: 12 }));
    expect(high.exceeded).toEqual(['blocks.1.fc']);
    expect(high.adapterParameters).toBe(12 * (60 + 62 + 32));
    const lower = choice({ rank: 12, rankOf: (path) => (path === 'blocks.1.fc' ? 2 : undefined) });
    expect(evaluateCost(coefficients, lower).adapterParameters).toBe(12 * (60 + 62 + 32) + 2 * 26);
  });
});

describe('adapterBytes', () => {
  let folder: string;
  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'lowrank-cost-'));
  });
  afterAll(() => {
    rmSync(folder, { recursive: true });
  });

  it.each([
    { rank: 1, useDora: false, dtype: 'float32' },
    { rank: 4, useDora: true, dtype: 'float32' },
    { rank: 5, useDora: true, dtype: 'float16' },
  ] as const)('is the size of the file that is then written: %j', async ({ rank, useDora, dtype }) => {
    const layers = modules.map((module) => {
      const target = {
        module,
        rank,
        alpha: 8,
        scale: scaleOf(rank, 8, false),
        parameters: adapterSizeOf(module, rank, useDora),
      };
      const shape =
        module.kind === 'conv2d'
          ? [12, 3, 4, 4]
          : module.kind === 'linear'
            ? [module.outFeatures, module.inFeatures]
            : [50, 12];
      return [
        module.path,
        initialLayer(target, { init: 'kaiming', useDora }, new Random(1), () => zeros('float32', shape)).layer,
      ] as const;
    });
    const adapter: Adapter = {
      config: { ...PLAIN_CONFIG, useDora, modulesToSave: ['head'] },
      layers: new Map(layers),
      saved: new Map([
        ['head.weight', zeros('float32', [3, 12])],
        ['head.bias', zeros('float32', [3])],
      ]),
      ...record,
      dtype,
      warnings: [],
    };
    const directory = join(folder, `${rank}`);
    await writeAdapter(directory, adapter, { dtype });
    const { size } = statSync(join(directory, 'adapter_model.safetensors'));
    expect(evaluateCost(coefficients, choice({ rank, useDora, dtype })).adapterBytes).toBe(size);
  });
});
