import { describe, expect, it } from 'vitest';
import { float32, type Tensor } from '../../../src/graph/tensor.ts';
import { fromPissa, initialLayer } from '../../../src/lora/init.ts';
import { deltaWeight, mergedWeight, rowNorms } from '../../../src/lora/merge.ts';
import type { Target } from '../../../src/lora/targets.ts';
import { type AdaptableModule, adapterSizeOf, scaleOf } from '../../../src/shared/adaptable-module.ts';
import { Random } from '../../../src/shared/random.ts';
import { largestDifference } from './golden.ts';
import { norm } from './layers.ts';

const MODULES = {
  linear: { path: 'fc', kind: 'linear', inFeatures: 40, outFeatures: 30 },
  conv: {
    path: 'conv',
    kind: 'conv2d',
    inFeatures: 8,
    outFeatures: 30,
    kernel: [3, 5],
    stride: [1, 1],
    dilation: [1, 1],
    groups: 1,
  },
  words: { path: 'words', kind: 'embedding', inFeatures: 40, outFeatures: 30 },
} as const satisfies Record<string, AdaptableModule>;

const targetOf = (module: AdaptableModule, rank = 16, alpha = 24, useRslora = false): Target => ({
  module,
  rank,
  alpha,
  scale: scaleOf(rank, alpha, useRslora),
  parameters: adapterSizeOf(module, rank, false),
});

const weightOf = (shape: number[], seed = 9): Tensor<'float32'> => {
  const random = new Random(seed);
  return float32(
    shape,
    Float32Array.from({ length: shape.reduce((a, b) => a * b) }, () => random.normal()),
  );
};
const weight = weightOf([30, 40]);
const unused = (): never => {
  throw new Error('the weight is not needed');
};

const deviation = (data: Float32Array): number => norm(data) / Math.sqrt(data.length);

describe('initialLayer', () => {
  it.each([
    ['linear', MODULES.linear, 40],
    ['conv2d', MODULES.conv, 8 * 3 * 5],
  ] as const)("fills A by Kaiming's uniform bound 1/√fan-in and B with zeros: %s", (_, module, fanIn) => {
    const { layer, residual } = initialLayer(
      targetOf(module),
      { init: 'kaiming', useDora: false },
      new Random(1),
      unused,
    );
    const bound = 1 / Math.sqrt(fanIn);
    expect(layer.A.data.every((value) => Math.abs(value) <= bound)).toBe(true);
    // Uniform in ±b has deviation b/√3; 640 draws estimate it to 2 %, five times that are allowed.
    expect(Math.abs((deviation(layer.A.data) * Math.sqrt(3)) / bound - 1)).toBeLessThan(0.1);
    expect(layer.B.data.every((value) => value === 0)).toBe(true);
    expect(residual).toBeUndefined();
  });

  it('draws gaussian A with deviation 1/r', () => {
    const { layer } = initialLayer(targetOf(MODULES.conv), { init: 'gaussian', useDora: false }, new Random(1), unused);
    // 1920 draws: 1.6 %, five times that.
    expect(Math.abs(deviation(layer.A.data) * 16 - 1)).toBeLessThan(0.08);
  });

  it('starts an embedding the other way round: A zero, B normal', () => {
    for (const init of ['kaiming', 'gaussian'] as const) {
      const { layer } = initialLayer(targetOf(MODULES.words), { init, useDora: false }, new Random(1), unused);
      expect(layer.A.data.every((value) => value === 0)).toBe(true);
      // 480 draws: 3.2 %, five times that.
      expect(Math.abs(deviation(layer.B.data) - 1)).toBeLessThan(0.16);
    }
  });

  it('depends on seed and path alone', () => {
    const start = (seed: number, path: string) =>
      initialLayer(targetOf({ ...MODULES.linear, path }), { init: 'kaiming', useDora: false }, new Random(seed), unused)
        .layer.A;
    expect(start(1, 'a')).toEqual(start(1, 'a'));
    expect(start(1, 'a')).not.toEqual(start(1, 'b'));
    expect(start(1, 'a')).not.toEqual(start(2, 'a'));
  });

  it.each([
    ['linear', MODULES.linear, [30, 40], [30]],
    ['conv2d', MODULES.conv, [30, 8, 3, 5], [1, 30, 1, 1]],
    ['embedding', MODULES.words, [40, 30], [30]],
  ] as const)('starts DoRA at the base itself: %s', (_, module, shape, magnitude) => {
    const base = weightOf([...shape]);
    const { layer } = initialLayer(targetOf(module), { init: 'kaiming', useDora: true }, new Random(1), () => base);
    expect(layer.magnitude!.shape).toEqual(magnitude);
    // Two float32 roundings of weights up to 4.
    expect(largestDifference(mergedWeight(base, layer, 'x').data, base.data)).toBeLessThan(1e-6);
  });
});

describe('PiSSA', () => {
  // A spectrum that falls by half, so that the few iterations of the start find its top exactly enough to compare.
  const decaying = (): Tensor<'float32'> => {
    const data = new Float32Array(30 * 40);
    const random = new Random(2);
    for (let k = 0; k < 12; k++) {
      const u = Array.from({ length: 30 }, () => random.normal());
      const v = Array.from({ length: 40 }, () => random.normal());
      for (let at = 0; at < data.length; at++) data[at]! += 0.5 ** k * u[Math.floor(at / 40)]! * v[at % 40]!;
    }
    return float32([30, 40], data);
  };

  it.each([false, true])('moves the top of W into the adapter and leaves the rest (rsLoRA %s)', (useRslora) => {
    const base = decaying();
    const { layer, residual } = initialLayer(
      targetOf(MODULES.linear, 4, 2, useRslora),
      { init: 'pissa', useDora: false },
      new Random(1),
      () => base,
    );
    expect(largestDifference(mergedWeight(residual!, layer, 'x').data, base.data)).toBeLessThan(1e-5);
    expect(norm(residual!.data)).toBeLessThan(0.2 * norm(base.data));
    // Balanced: A and B share each singular value evenly.
    expect(Math.abs(norm(layer.A.data) / norm(layer.B.data) - 1)).toBeLessThan(1e-5);
  });

  it.each([false, true])('goes back to the base as published with twice the rank (rsLoRA %s)', (useRslora) => {
    const target = targetOf(MODULES.linear, 4, 6, useRslora);
    const { layer: initial, residual } = initialLayer(
      target,
      { init: 'pissa', useDora: true },
      new Random(1),
      () => weight,
    );
    const random = new Random(3);
    const moved = (tensor: Tensor<'float32'>): Tensor<'float32'> =>
      float32(
        tensor.shape,
        tensor.data.map((value) => value + 0.1 * random.normal()),
      );
    const trained = { ...initial, A: moved(initial.A), B: moved(initial.B) };
    const converted = fromPissa(trained, initial, useRslora);
    expect(converted.rank).toBe(8);
    expect(converted.alpha).toBeCloseTo(useRslora ? 6 * Math.SQRT2 : 12, 12);
    // What a reader of the file will make of rank and alpha.
    expect(scaleOf(converted.rank, converted.alpha, useRslora)).toBeCloseTo(converted.scale, 12);
    const expected = mergedWeight(residual!, trained, 'x').data;
    // Differences of products of order ten in float32.
    expect(largestDifference(mergedWeight(weight, converted, 'x').data, expected)).toBeLessThan(1e-4);
    expect(converted.magnitude).toEqual(rowNorms(weight, 'linear'));
  });

  it('changes nothing when nothing was trained', () => {
    const { layer } = initialLayer(
      targetOf(MODULES.linear, 4),
      { init: 'pissa', useDora: false },
      new Random(1),
      () => weight,
    );
    // Sums in double precision, taken in another order on the way back.
    expect(norm(deltaWeight(fromPissa(layer, layer, false), 'x').data)).toBeLessThan(1e-13);
  });
});
