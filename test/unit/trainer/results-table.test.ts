import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../../src/shared/run/events.ts';
import { RESULTS_HEADER, ResultsTable } from '../../../src/trainer/results-table.ts';

const detection = { map50: 0.5, map: 0.25, precision: 0.75, recall: 0.6, f1: 0.67 };
const step = (seq: number, box: number): RunEvent => ({
  type: 'step',
  seq,
  time: 1000 * seq,
  step: seq,
  epoch: 0,
  loss: box + 3,
  parts: { box, cls: 2, dfl: 1 },
  learningRate: 0.01,
  gradientNorm: 1,
  imagesPerSecond: 1,
});
const evaluation = (seq: number, at: number): RunEvent => ({
  type: 'evaluation',
  seq,
  time: 1000 * seq,
  step: at,
  epoch: 1,
  split: 'validation',
  loss: 6,
  parts: { box: 3, cls: 2, dfl: 1 },
  accuracy: null,
  detection,
  images: 4,
  perClass: null,
});

describe('the table of a detector', () => {
  it('has the means of an epoch by part, and a cell for each name', () => {
    const table = new ResultsTable();
    const rows = [evaluation(1, 0), step(2, 1), step(3, 2), evaluation(4, 2)].map((event) => table.row(event));
    expect(rows).toEqual(['', '', '', '1,3,1.5,2,1,0.75,0.6,0.5,0.25,3,2,1,0.01\n']);
    expect(RESULTS_HEADER.split(',')).toHaveLength(rows[3]!.split(',').length);
  });

  it('leaves empty what earlier versions did not tell', () => {
    const table = new ResultsTable();
    const { parts: _, ...older } = evaluation(1, 2) as RunEvent & { type: 'evaluation' };
    expect(table.row(older)).toBe('1,0,,,,0.75,0.6,0.5,0.25,,,,0\n');
  });
});
