import { describe, expect, it } from 'vitest';
import { float32 } from '../../../src/graph/tensor.ts';
import { PLAIN_CONFIG } from '../../../src/lora/adapter.ts';
import { effectiveRank, inspectAdapter } from '../../../src/lora/inspect.ts';
import { deltaWeight } from '../../../src/lora/merge.ts';
import { CASES, golden } from './golden.ts';
import { adapterOf, norm, randomLayer } from './layers.ts';

describe('effectiveRank', () => {
  it('is n for n equal singular values, 1 for one, 0 for none, and does not depend on scale', () => {
    expect(effectiveRank([2, 2, 2])).toBeCloseTo(3, 12);
    expect(effectiveRank([5, 0, 0])).toBe(1);
    expect(effectiveRank([0, 0])).toBe(0);
    // p = (3/4, 1/4): exp(−¾ ln ¾ − ¼ ln ¼) = 4 / 3^¾.
    expect(effectiveRank([3, 1])).toBeCloseTo(4 / 3 ** 0.75, 12);
    expect(effectiveRank([300, 100])).toBeCloseTo(effectiveRank([3, 1]), 12);
  });
});

describe('inspectAdapter', () => {
  it('tells sizes by the closed formulas, LoRA and head apart, and against a copy of the same dtype', () => {
    const { adapter } = golden('patterns');
    const report = inspectAdapter(
      { ...adapter, dtype: 'float16' },
      { base: { weight: () => undefined, parameters: 1000 } },
    );
    const stem = report.layers.find(({ module }) => module === 'stem')!;
    expect(stem.parameters).toBe(1 * (2 * 3 * 3 + 4));
    expect(stem.bytes).toBe(2 * stem.parameters);
    expect(stem.share).toBe(stem.parameters / (4 * 2 * 3 * 3));
    const sizes = [2 * (7 + 6), 22, 2 * (4 + 5), 2 * (6 + 5), 2 * (6 + 4), 2 * (6 + 5), 3 * (6 + 4)];
    const total = sizes.reduce((a, b) => a + b);
    expect(report.adapter).toEqual({ parameters: total, bytes: 2 * total });
    expect(report.saved).toEqual({ parameters: 18, bytes: 36 });
    expect(report.fullCopy).toEqual({ parameters: 1000, bytes: 2000, factor: 1000 / (total + 18) });
  });

  it.each(CASES)('measures ‖ΔW‖ as the distance of the merged weight from the base: %s', (name) => {
    const { adapter, base, merged } = golden(name);
    const report = inspectAdapter(adapter, { base: { weight: base, parameters: 1 } });
    let [delta, whole] = [0, 0];
    for (const { module, deltaNorm, relativeDelta } of report.layers) {
      const [w, m] = [base(module).data, merged(module).data];
      const expected = norm(m.map((value, i) => value - w[i]!));
      // The merged weight is of order one and rounded to float32.
      expect(Math.abs(deltaNorm! - expected)).toBeLessThan(1e-5);
      expect(Math.abs(relativeDelta! - expected / norm(w))).toBeLessThan(1e-5);
      delta += expected ** 2;
      whole += norm(w) ** 2;
    }
    expect(Math.abs(report.relativeDelta! - Math.sqrt(delta / whole))).toBeLessThan(1e-5);
    expect(report.warnings.filter((warning) => !warning.startsWith('more parameters'))).toEqual([]);
  });

  it('leaves out what only a base could tell', () => {
    const [plain, dora] = [golden('rslora'), golden('dora')].map(({ adapter }) => inspectAdapter(adapter).layers[0]!);
    expect(plain!.deltaNorm).toBeGreaterThan(0);
    expect(plain).not.toHaveProperty('relativeDelta');
    expect(dora).not.toHaveProperty('deltaNorm');
    expect(inspectAdapter(golden('dora').adapter)).not.toHaveProperty('fullCopy');
  });

  it('counts the ranks that are really there', () => {
    const full = randomLayer(1);
    // Rows 3 and 4 repeat rows 1 and 2.
    const doubled = { ...full, A: float32([4, 9], [...full.A.data.subarray(0, 18), ...full.A.data.subarray(0, 18)]) };
    // As a file has them: block 10 before block 2.
    const [one, two] = inspectAdapter(adapterOf({ 'blocks.10.fc': doubled, 'blocks.2.fc': full })).layers;
    expect([one!.module, two!.module]).toEqual(['blocks.2.fc', 'blocks.10.fc']);
    expect([one!.numericRank, two!.numericRank]).toEqual([4, 2]);
    expect(two!.effectiveRank).toBeLessThanOrEqual(2 + 1e-9);
    expect(one!.deltaNorm).toBeCloseTo(norm(deltaWeight(full, 'x').data), 4);
  });

  it('measures grouped convolutions from elsewhere by their dense form', () => {
    // Two groups, rank 2: B's row 0 sees A's row 0 alone, row 1 sees row 1 alone.
    const grouped = randomLayer(1, {
      kind: 'conv2d',
      rank: 2,
      alpha: 2,
      A: float32([2, 2, 1, 1], [3, 0, 0, 4]),
      B: float32([2, 1, 1, 1], [1, 1]),
    });
    const [layer] = inspectAdapter(adapterOf({ grouped })).layers;
    expect(layer).toMatchObject({ deltaNorm: 5, numericRank: 2, share: 6 / 2 });
  });
});

describe('warnings', () => {
  const zero = randomLayer(1, { B: float32([12, 4], new Float32Array(48)) });
  const broken = randomLayer(1, { B: float32([12, 4], new Float32Array(48).fill(NaN)) });
  const trained = randomLayer(2, { rank: 1 });

  it.each([
    ['never trained', adapterOf({ zero }), 'B·A is zero in every layer: the adapter was never trained'],
    ['never trained in part', adapterOf({ zero, trained }), 'B·A is zero in zero: never trained there'],
    [
      'diverged',
      adapterOf({ broken, trained, more: broken }),
      'NaN or infinite values in broken and 1 more: training diverged',
    ],
    [
      'oversized',
      adapterOf({ large: randomLayer(1, { rows: 4, columns: 5 }), trained }),
      'more parameters than the layer itself in large',
    ],
    [
      'unconverted PiSSA',
      adapterOf({ trained }, { config: { ...PLAIN_CONFIG, init: 'pissa' } }),
      'started by pissa, which changes the base',
    ],
    [
      'lost head',
      adapterOf({ trained }, { task: { classNames: ['a'], newHead: true } }),
      'trained with a new head, which was not saved',
    ],
    [
      'lost head of PEFT',
      adapterOf({ trained }, { config: { ...PLAIN_CONFIG, taskType: 'SEQ_CLS' } }),
      'for SEQ_CLS, but no head was saved',
    ],
    ['reading', adapterOf({ trained }, { warnings: ['odd'] }), 'odd'],
  ])('%s', (_, adapter, warning) => {
    const { warnings } = inspectAdapter(adapter);
    expect(warnings).toHaveLength(1);
    expect(warnings[0]).toContain(warning);
  });

  it('names layers that the base does not have, and refuses those of another shape', () => {
    expect(
      inspectAdapter(adapterOf({ trained }), { base: { weight: () => undefined, parameters: 1 } }).warnings,
    ).toEqual(['this base has no trained: the adapter is for another one']);
    const other = { weight: () => float32([2, 2], [1, 1, 1, 1]), parameters: 1 };
    expect(() => inspectAdapter(adapterOf({ trained }), { base: other })).toThrow(
      'the adapter of trained fits a weight of [6, 9]',
    );
  });
});
