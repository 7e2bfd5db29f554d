import { expect, test } from 'vitest';
import { inspectAdapter } from '../../../src/lora/inspect.ts';
import { readAdapter } from '../../../src/lora/read-adapter.ts';
import { resize } from '../../../src/lora/resize.ts';
import { rankStops } from '../../../src/shared/adapter-table.ts';
import { type SpectralLayer, whatIf } from '../../../src/shared/what-if.ts';

const layer = (singularValues: readonly number[], changes: Partial<SpectralLayer> = {}): SpectralLayer => ({
  module: 'm',
  rank: singularValues.length,
  parametersPerRank: 10,
  fixedParameters: 0,
  singularValues,
  ...changes,
});

test('the error is the share of the energy that is cut off', () => {
  const { error, parameters, layers } = whatIf([layer([3, 4 / 3, 0]), layer([4, 0, 0])], 1);
  expect(layers[0]!.error).toBeCloseTo(4 / 3 / Math.hypot(3, 4 / 3), 12);
  expect(layers[1]!.error).toBe(0);
  expect(error).toBeCloseTo(4 / 3 / Math.sqrt(9 + 16 / 9 + 16), 12);
  expect(parameters).toBe(20);
});

test('a layer of a lower rank stays; a magnitude is kept whole; beyond the matrix there is nothing to keep', () => {
  const small = layer([2], { rank: 1, fixedParameters: 5 });
  const wide = layer([2, 1], { rank: 8 });
  const { layers } = whatIf([small, wide], 4);
  expect(layers.map(({ rank, parameters, error }) => ({ rank, parameters, error }))).toEqual([
    { rank: 1, parameters: 15, error: 0 },
    { rank: 2, parameters: 20, error: 0 },
  ]);
});

test('an adapter that is zero loses nothing', () => {
  expect(whatIf([layer([0, 0])], 1).error).toBe(0);
});

test.each(['rslora', 'dora', 'patterns'])('the same numbers as `lowrank resize` reports: %s', (name) => {
  const adapter = readAdapter(new URL(`../../fixtures/lora/${name}`, import.meta.url).pathname);
  const { layers } = inspectAdapter(adapter);
  const stops = rankStops(layers);
  for (const rank of stops.slice(0, -1)) {
    const told = whatIf(layers, rank);
    const { adapter: smaller, error, layers: cut } = resize(adapter, { rank });
    // Spectra are told with the digits of float32.
    expect(told.error).toBeCloseTo(error, 5);
    for (const [index, { rank: kept, error: lost }] of cut.entries()) {
      expect(told.layers[index]!.rank).toBe(kept);
      expect(told.layers[index]!.error).toBeCloseTo(lost, 5);
    }
    expect(told.parameters).toBe(inspectAdapter(smaller).adapter.parameters);
  }
});
