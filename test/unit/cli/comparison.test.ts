import { describe, expect, it } from 'vitest';
import { comparisonLines, spreadOf, summarise, type Trial } from '../../../src/cli/comparison.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';

const plain: Terminal = { live: false, colour: false, columns: () => 80, write: () => undefined };

function trial(method: Trial['method'], seed: number, accuracy: number | null, trainable: number): Trial {
  const at = (value: number | null) => ({ step: 1, loss: 1, accuracy: value });
  return {
    run: `/runs/${method}-${seed}`,
    seed,
    learningRate: 1e-3,
    version: 1,
    id: 'r',
    outcome: 'finished',
    method,
    steps: 1,
    epochs: 1,
    seconds: 10 + seed,
    firstStepSeconds: 1,
    imagesPerSecond: 1,
    peakMemoryBytes: 1e8 + seed,
    validation: { untouched: at(0.1), best: at(accuracy), last: at(accuracy) },
    test: null,
    parameters: { base: 1000, adapter: trainable, head: 0, trainable, adapterBytes: 4 * trainable },
    files: { adapterBytes: 4 * trainable, baseBytes: 4000 },
    skippedImages: 0,
  };
}

describe('spreadOf', () => {
  it('is the mean and the deviation of the sample', () => {
    // Squares 4 + 0 + 4 over n − 1 = 2.
    expect(spreadOf([1, 3, 5])).toEqual({ mean: 3, deviation: 2 });
    expect(spreadOf([3])).toEqual({ mean: 3, deviation: null });
  });

  it('is none where a value is missing', () => {
    expect(spreadOf([1, null])).toBeNull();
    expect(spreadOf([undefined])).toBeNull();
    expect(spreadOf([])).toBeNull();
  });
});

describe('a comparison', () => {
  const trials = [
    trial('lora', 0, 0.76, 50),
    trial('full', 0, 0.8, 1000),
    trial('lora', 1, 0.78, 50),
    trial('full', 1, 0.8, 1000),
  ];

  it('has one row a method, in the order asked for', () => {
    const rows = summarise(trials, ['full', 'lora']);
    expect(rows.map(({ method, runs }) => [method, runs])).toEqual([
      ['full', 2],
      ['lora', 2],
    ]);
    expect(rows[1]).toMatchObject({
      trainedShare: 0.05,
      bytes: 200,
      peakMemoryBytes: 1e8 + 1,
      seconds: { mean: 10.5 },
    });
    expect(rows[1]!.accuracy!.mean).toBeCloseTo(0.77, 12);
  });

  it('says what LoRA reaches of full fine-tuning, and with how much', () => {
    const lines = comparisonLines(plain, summarise(trials, ['lora', 'full']));
    expect(lines.at(-1)).toBe('lora reaches 96.3 % of the accuracy of full with 5.0 % of its trained parameters');
    expect(lines[1]).toMatch(/^lora +0\.001 +10\.0 % ± 0\.0 +77\.0 % ± 1\.4 +50 +5\.0 % +200 B +10\.5 s +100 MB$/);
  });

  it('is of the mean average precision of detectors, and of what they gained', () => {
    const found = (run: Trial, map: number): Trial => {
      const at = (value: number) => {
        const detection = { map: value, map50: value, precision: value, recall: value, f1: value };
        return { step: 1, loss: 1, accuracy: null, detection };
      };
      return { ...run, validation: { untouched: at(0.2), best: at(map), last: at(map) } };
    };
    const rows = summarise([found(trials[0]!, 0.5), found(trials[1]!, 0.6)], ['lora', 'full']);
    const lines = comparisonLines(plain, rows);
    expect(lines[0]).toMatch(/mAP50-95/);
    // (0.5 − 0.2) / (0.6 − 0.2).
    expect(lines.at(-1)).toBe(
      'lora reaches 75.0 % of the gain in mAP50-95 of full with 5.0 % of its trained parameters',
    );
  });

  it('claims nothing without both, or without accuracies', () => {
    expect(comparisonLines(plain, summarise(trials, ['lora']))).toHaveLength(2);
    const blind = [trial('lora', 0, null, 50), trial('full', 0, null, 1000)];
    expect(comparisonLines(plain, summarise(blind, ['lora', 'full']))).toHaveLength(3);
  });
});
