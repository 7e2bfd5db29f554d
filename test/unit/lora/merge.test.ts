import { describe, expect, it } from 'vitest';
import { float32 } from '../../../src/graph/tensor.ts';
import type { AdapterLayer } from '../../../src/lora/adapter.ts';
import { deltaWeight, mergedWeight, rowNorms } from '../../../src/lora/merge.ts';
import { CASES, golden, largestDifference } from './golden.ts';

describe('merged weights are those of merge_and_unload', () => {
  it.each(CASES)('%s', (name) => {
    const { adapter, base, merged } = golden(name);
    expect(adapter.layers.size).toBeGreaterThan(2);
    for (const [module, layer] of adapter.layers) {
      const ours = mergedWeight(base(module), layer, module);
      expect(ours.shape).toEqual(merged(module).shape);
      // Weights of order one in float32: torch rounds each of a few sums, at 6e-8 each.
      expect(largestDifference(ours.data, merged(module).data), module).toBeLessThan(2e-6);
    }
  });
});

const layer = (given: Partial<AdapterLayer> = {}): AdapterLayer => ({
  kind: 'linear',
  A: float32([1, 2], [1, 2]),
  B: float32([3, 1], [1, 0, -1]),
  rank: 1,
  alpha: 2,
  scale: 2,
  ...given,
});

describe('deltaWeight', () => {
  it('is scale·B·A, turned for embeddings and for weights kept as (in, out)', () => {
    expect([...deltaWeight(layer(), 'x').data]).toEqual([2, 4, 0, 0, -2, -4]);
    const turned = deltaWeight(layer({ kind: 'embedding' }), 'x');
    expect([turned.shape, [...turned.data]]).toEqual([
      [2, 3],
      [2, 0, -2, 4, 0, -4],
    ]);
    expect(deltaWeight(layer(), 'x', { fanInFanOut: true })).toEqual(turned);
    const weight = float32([2, 3], [1, 1, 1, 1, 1, 1]);
    expect([...mergedWeight(weight, layer(), 'x', { fanInFanOut: true }).data]).toEqual([3, 1, -1, 5, 1, -3]);
  });

  it('refuses another base and a grouped convolution, by name', () => {
    expect(() => mergedWeight(float32([2, 3], new Float32Array(6)), layer(), 'fc')).toThrow(
      'the adapter of fc fits a weight of [3, 2], the base has [2, 3]',
    );
    const grouped = layer({
      kind: 'conv2d',
      rank: 2,
      A: float32([2, 4, 1, 1], new Float32Array(8)),
      B: float32([4, 1, 1, 1], new Float32Array(4)),
    });
    expect(() => deltaWeight(grouped, 'conv')).toThrow('conv is a grouped convolution');
  });
});

describe('DoRA', () => {
  it('gives each row its magnitude, whatever its norm was', () => {
    const merged = mergedWeight(
      float32([3, 2], [1, 0, 3, 4, 0, 0]),
      layer({ magnitude: float32([3], [7, 10, 0.5]) }),
      'x',
    );
    const norms = rowNorms(merged, 'linear').data;
    // Three float32 roundings of numbers up to 10.
    expect(largestDifference(norms, [7, 10, 0.5])).toBeLessThan(2e-6);
    expect([...merged.data.subarray(2, 4)]).toEqual([6, 8]);
  });

  it('leaves a row of zeros zero', () => {
    const zero = layer({ B: float32([3, 1], [0, 0, 0]), magnitude: float32([3], [1, 1, 1]) });
    expect([...mergedWeight(float32([3, 2], new Float32Array(6)), zero, 'x').data]).toEqual([0, 0, 0, 0, 0, 0]);
  });
});
