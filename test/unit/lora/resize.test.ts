import { describe, expect, it } from 'vitest';
import { PLAIN_CONFIG } from '../../../src/lora/adapter.ts';
import { combine, combineToRank } from '../../../src/lora/combine.ts';
import { factorsOf } from '../../../src/lora/factors.ts';
import { deltaWeight } from '../../../src/lora/merge.ts';
import { resize } from '../../../src/lora/resize.ts';
import { productSvd } from '../../../src/lora/svd.ts';
import { float32 } from '../../../src/graph/tensor.ts';
import { golden } from './golden.ts';
import { adapterOf, norm, randomLayer } from './layers.ts';

const distance = (a: Float32Array, b: Float32Array): number => norm(a.map((value, i) => value - b[i]!));

/** ΔW is of order one and rounded to float32 in A, B and the product. */
const ROUNDING = 1e-5;

describe('resize', () => {
  it.each([1, 2, 3])('to rank %i is off by what Eckart and Young say, and says so', (rank) => {
    const layer = randomLayer(1, { alpha: 12 });
    const { adapter, layers, error } = resize(adapterOf({ q: layer }), { rank });
    const cut = adapter.layers.get('q')!;
    const factors = factorsOf(layer);
    const sigma = productSvd(factors.bColumns, factors.aRows).singularValues;
    const expected = norm(sigma.slice(rank)) / norm(sigma);
    const before = deltaWeight(layer, 'q').data;
    const measured = distance(before, deltaWeight(cut, 'q').data) / norm(before);
    expect(Math.abs(layers[0]!.error - expected)).toBeLessThan(1e-12);
    expect(Math.abs(measured - expected)).toBeLessThan(ROUNDING);
    expect(error).toBe(layers[0]!.error);
    // Alpha is kept, so the scale is that of the new rank.
    expect(cut).toMatchObject({ rank, alpha: 12, scale: 12 / rank, A: { shape: [rank, 9] }, B: { shape: [6, rank] } });
  });

  it('keeps s·B·A with rsLoRA as well', () => {
    const layer = randomLayer(2, {
      rank: 4,
      alpha: 6,
      scale: 3,
      A: float32([4, 9], [...randomLayer(2).A.data.subarray(0, 9), ...new Float32Array(27)]),
    });
    const { adapter, error } = resize(adapterOf({ q: layer }, { config: { ...PLAIN_CONFIG, useRslora: true } }), {
      rank: 1,
    });
    expect(adapter.layers.get('q')!.scale).toBe(6);
    expect(error).toBeLessThan(1e-7);
    expect(distance(deltaWeight(layer, 'q').data, deltaWeight(adapter.layers.get('q')!, 'q').data)).toBeLessThan(
      ROUNDING,
    );
  });

  it('leaves smaller layers as they are and sums squares over all', () => {
    const [small, large] = [randomLayer(3, { rank: 2 }), randomLayer(4, { rank: 4 })];
    const { adapter, layers, error } = resize(adapterOf({ small, large }), { rank: 2 });
    expect(adapter.layers.get('small')).toBe(small);
    expect(layers.map(({ rankBefore, rank }) => [rankBefore, rank])).toEqual([
      [2, 2],
      [4, 2],
    ]);
    const [a, b] = [small, large].map((layer) => norm(deltaWeight(layer, 'x').data)) as [number, number];
    expect(Math.abs(error - (layers[1]!.error * b) / Math.hypot(a, b))).toBeLessThan(ROUNDING);
  });

  it('finds for each layer the lowest rank within an error', () => {
    const layer = randomLayer(5);
    const steps = [1, 2, 3].map((rank) => resize(adapterOf({ q: layer }), { rank }).error);
    for (const [i, error] of steps.entries()) {
      expect(resize(adapterOf({ q: layer }), { error: error * 1.001 }).layers[0]!.rank).toBe(i + 1);
      expect(resize(adapterOf({ q: layer }), { error: error * 0.999 }).layers[0]!.rank).toBe(i + 2);
    }
    expect(resize(adapterOf({ q: layer }), { error: 0 }).adapter.layers.get('q')).toBe(layer);
  });

  it('cuts convolutions, embeddings and DoRA in their own shapes', () => {
    for (const name of ['patterns', 'dora'] as const) {
      const { adapter } = golden(name);
      const { adapter: cut } = resize(adapter, { rank: 1 });
      expect(cut.layers.get('stem')!.A.shape).toEqual([1, 2, 3, 3]);
      expect(cut.layers.get('stem')!.B.shape).toEqual([4, 1, 1, 1]);
      expect(cut.layers.get('words')!.A.shape).toEqual([1, 7]);
      expect(cut.layers.get('words')!.magnitude).toBe(adapter.layers.get('words')!.magnitude);
      expect(cut.saved).toBe(adapter.saved);
    }
  });

  it('leaves an adapter that was never trained able to learn', () => {
    const layer = randomLayer(6, { B: float32([6, 4], new Float32Array(24)) });
    const { adapter, error } = resize(adapterOf({ q: layer }), { rank: 2 });
    expect(error).toBe(0);
    expect(adapter.layers.get('q')!.A.data).toEqual(layer.A.data.slice(0, 18));
  });

  it('has nothing to keep beyond the layer itself', () => {
    const wide = randomLayer(7, { rank: 8, rows: 3 });
    const { adapter, error } = resize(adapterOf({ q: wide }), { rank: 6 });
    expect(adapter.layers.get('q')!.rank).toBe(3);
    expect(error).toBe(0);
    expect(distance(deltaWeight(wide, 'q').data, deltaWeight(adapter.layers.get('q')!, 'q').data)).toBeLessThan(
      ROUNDING,
    );
  });

  it.each([
    [{ rank: 4 }, /^rank: is 4, but the adapter's highest is 4/],
    [{ rank: 0 }, /^rank: is 0/],
    [{ rank: 1.5 }, /^rank: is 1\.5/],
    [{ error: 1 }, /^error: is 1;/],
    [{ error: NaN }, /^error: is NaN/],
  ])('refuses %j', (limit, message) => {
    expect(() => resize(adapterOf({ q: randomLayer(1) }), limit)).toThrow(message);
  });

  it('refuses adapters of a changed base', () => {
    expect(() =>
      resize(adapterOf({ q: randomLayer(1) }, { config: { ...PLAIN_CONFIG, init: 'olora' } }), { rank: 1 }),
    ).toThrow('a base changed by olora, so it cannot be resized');
  });
});

describe('combine', () => {
  const first = adapterOf(
    { q: randomLayer(1, { rank: 2, alpha: 3 }), v: randomLayer(2) },
    { saved: new Map([['head.weight', float32([2], [1, 4])]]) },
  );
  const second = adapterOf(
    { q: randomLayer(3, { rank: 3, alpha: 9, scale: 9 / Math.sqrt(3) }) },
    {
      config: { ...PLAIN_CONFIG, useRslora: true },
      saved: new Map([['head.weight', float32([2], [3, 0])]]),
    },
  );
  const parts = [
    { adapter: first, weight: 0.5, name: 'a' },
    { adapter: second, weight: 1.5, name: 'b' },
  ];

  it('is Σ w·ΔW exactly, with the ranks summed and different scales inside', () => {
    const sum = combine(parts);
    const q = sum.layers.get('q')!;
    expect([q.rank, q.alpha, q.scale, sum.config.useRslora]).toEqual([5, 5, 1, false]);
    const [a, b] = [first, second].map(({ layers }) => deltaWeight(layers.get('q')!, 'q').data) as [
      Float32Array,
      Float32Array,
    ];
    expect(
      distance(
        deltaWeight(q, 'q').data,
        a.map((value, i) => 0.5 * value + 1.5 * b[i]!),
      ),
    ).toBeLessThan(ROUNDING);
    const v = deltaWeight(first.layers.get('v')!, 'v').data.map((value) => 0.5 * value);
    expect(distance(deltaWeight(sum.layers.get('v')!, 'v').data, v)).toBeLessThan(ROUNDING);
  });

  it('averages the head by the weights', () => {
    expect([...combine(parts).saved.get('head.weight')!.data]).toEqual([2.5, 1]);
    expect(() => combine(parts.map((part, i) => ({ ...part, weight: i === 0 ? 1 : -1 })))).toThrow(
      'sum to 0, so head.weight has no mean',
    );
  });

  it('is cut to a rank on request', () => {
    const { adapter, error } = combineToRank(parts, 2);
    expect([...adapter.layers.values()].map(({ rank }) => rank)).toEqual([2, 2]);
    const exact = deltaWeight(combine(parts).layers.get('q')!, 'q').data;
    expect(distance(exact, deltaWeight(adapter.layers.get('q')!, 'q').data)).toBeGreaterThan(0);
    expect(error).toBeGreaterThan(0);
    expect(error).toBeLessThan(1);
  });

  it.each([
    ['one alone', [parts[0]!], 'at least two'],
    ['another base', [parts[0]!, { ...parts[1]!, adapter: { ...second, base: { sha256: 'b' } } }], undefined],
    ['DoRA', [parts[0]!, { ...parts[1]!, adapter: golden('dora').adapter }], 'b: a DoRA adapter is no sum'],
    [
      'another layer',
      [parts[0]!, { ...parts[1]!, adapter: adapterOf({ q: randomLayer(1, { rows: 5 }) }) }],
      'b: q is linear 9 → 5, in a it is linear 9 → 6',
    ],
    ['a weight that is none', [parts[0]!, { ...parts[1]!, weight: NaN }], 'b: its weight is NaN'],
    [
      'other classes',
      parts.map((part, i) => ({ ...part, adapter: { ...part.adapter, task: { classNames: [String(i)] } } })),
      'b: was trained on other classes than a',
    ],
    [
      'other weights of the base',
      parts.map((part, i) => ({ ...part, adapter: { ...part.adapter, base: { sha256: String(i).repeat(64) } } })),
      'b: the adapter was trained on other weights',
    ],
    [
      'a head of another size',
      [parts[0]!, { ...parts[1]!, adapter: { ...second, saved: new Map([['head.weight', float32([1], [1])]]) } }],
      'b: head.weight is [1], in a [2]',
    ],
  ])('of %s', (_, given, message) => {
    if (message === undefined) expect(combine(given).layers.size).toBe(2);
    else expect(() => combine(given)).toThrow(message);
  });
});
