import { expect, test } from 'vitest';
import type { AdapterReport, LayerReport } from '../../../src/shared/adapter-report.ts';
import { deltaOf, matchingLayers, rankStops, savingsOf, scalesOf } from '../../../src/shared/adapter-table.ts';

const layer = (module: string, changes: Partial<LayerReport> = {}): LayerReport => ({
  module,
  kind: 'linear',
  rank: 8,
  alpha: 16,
  scale: 2,
  parameters: 100,
  bytes: 400,
  parametersPerRank: 12,
  fixedParameters: 4,
  share: 0.1,
  singularValues: [1],
  effectiveRank: 1,
  numericRank: 1,
  ...changes,
});

test('a search takes every word, in any order, also that of a kind', () => {
  const layers = [layer('vit.layers.1.q_proj'), layer('vit.layers.11.q_proj'), layer('vit.patch', { kind: 'conv2d' })];
  const found = (query: string): string[] => matchingLayers(layers, query).map(({ module }) => module);
  expect(found('')).toHaveLength(3);
  expect(found('Q_PROJ .11')).toEqual(['vit.layers.11.q_proj']);
  expect(found(' conv2d ')).toEqual(['vit.patch']);
  expect(found('nothing')).toEqual([]);
});

test('bars are scaled by the largest; the change is relative where the base is known', () => {
  const layers = [layer('a', { deltaNorm: 5 }), layer('b', { parameters: 300, deltaNorm: 9, relativeDelta: 0.5 })];
  expect(scalesOf(layers)).toEqual({ parameters: 300, share: 0.1, delta: 5 });
  expect(deltaOf(layers[1]!)).toBe(0.5);
  expect(deltaOf(layer('c'))).toBeNull();
  expect(scalesOf([])).toEqual({ parameters: 0, share: 0, delta: 0 });
});

test('savings are told of adapter and head together, against a whole copy where there is one', () => {
  const report: AdapterReport = {
    dtype: 'float16',
    layers: [],
    adapter: { parameters: 40, bytes: 80 },
    saved: { parameters: 10, bytes: 20 },
    warnings: [],
  };
  expect(savingsOf(report)).toEqual({ parameters: 50, bytes: 100, fullBytes: null, share: null, factor: null });
  const whole = { ...report, fullCopy: { parameters: 1000, bytes: 2000, factor: 20 } };
  expect(savingsOf(whole)).toEqual({ parameters: 50, bytes: 100, fullBytes: 2000, share: 0.05, factor: 20 });
});

test('a slider stops at powers of two and at the highest rank', () => {
  expect(rankStops([{ rank: 4 }, { rank: 12 }])).toEqual([1, 2, 4, 8, 12]);
  expect(rankStops([{ rank: 8 }])).toEqual([1, 2, 4, 8]);
  expect(rankStops([])).toEqual([1]);
});
