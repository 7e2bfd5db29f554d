import { describe, expect, it } from 'vitest';
import { Random, splitMix64 } from '../../../src/shared/random.ts';

const drawn = (random: Random, count: number): number[] => Array.from({ length: count }, () => random.next());

describe('Random', () => {
  it('is xoshiro128** 1.1: the published outputs of state 1, 2, 3, 4', () => {
    const random = Random.restore({ key: '0', words: [1, 2, 3, 4] });
    expect(drawn(random, 8)).toEqual([11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849]);
  });

  it('is seeded by SplitMix64: the published outputs of seed 1234567', () => {
    const next = splitMix64(1234567n);
    expect([next(), next(), next()]).toEqual([6457827717110365317n, 3203168211198807973n, 9817491932198370423n]);
  });

  it('repeats from its seed and goes on from a restored state', () => {
    const random = new Random(7);
    expect(drawn(new Random(7), 9)).toEqual(drawn(random, 9));
    const restored = Random.restore(JSON.parse(JSON.stringify(random.state())) as ReturnType<Random['state']>);
    expect(drawn(restored, 9)).toEqual(drawn(random, 9));
    expect(restored.fork('a').next()).toBe(random.fork('a').next());
  });

  it('forks by label alone, whatever was drawn before', () => {
    const fresh = new Random(7);
    const used = new Random(7);
    drawn(used, 100);
    expect(drawn(used.fork('augment'), 4)).toEqual(drawn(fresh.fork('augment'), 4));
    const firsts = Array.from({ length: 2000 }, (_, label) => fresh.fork(label).next());
    expect(new Set(firsts).size).toBe(2000);
  });

  it('draws uniform and normal numbers of the right moments', () => {
    const random = new Random(1);
    const count = 40_000;
    const moments = (draw: () => number): [number, number] => {
      const values = Array.from({ length: count }, draw);
      const mean = values.reduce((sum, value) => sum + value, 0) / count;
      return [mean, values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count];
    };
    const [uniformMean, uniformVariance] = moments(() => random.uniform(-1, 3));
    // Standard errors: mean √(4/3 / 40000) ≈ 0.006, variance ≈ 0.006; normal 0.005 and 0.007. Bounds are five of them.
    expect(Math.abs(uniformMean - 1)).toBeLessThan(0.03);
    expect(Math.abs(uniformVariance - 4 / 3)).toBeLessThan(0.03);
    const [normalMean, normalVariance] = moments(() => random.normal());
    expect(Math.abs(normalMean)).toBeLessThan(0.025);
    expect(Math.abs(normalVariance - 1)).toBeLessThan(0.035);
  });

  it('draws every integer below n and shuffles without loss', () => {
    const random = new Random(3);
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < 5000; i++) counts[random.int(5)]! += 1;
    // Binomial(5000, 1/5): deviation 28; five of them.
    for (const count of counts) expect(Math.abs(count - 1000)).toBeLessThan(141);
    const order = random.shuffle(Array.from({ length: 50 }, (_, i) => i));
    expect(order).not.toEqual(order.toSorted((a, b) => a - b));
    expect(new Set(order).size).toBe(50);
    expect(() => random.int(0)).toThrow(RangeError);
  });
});
