import { describe, expect, it } from 'vitest';
import golden from '../../../fixtures/detection/loss.json' with { type: 'json' };
import { anchorsOf } from '../../../../src/models/anchors.ts';
import { TARGET_COLUMNS } from '../../../../src/trainer/detection/assign.ts';
import { type HeadOutputs, SIDES } from '../../../../src/trainer/detection/heads.ts';
import {
  DEFAULT_GAINS,
  DetectionLoss,
  type DetectionTargets,
  type LossParts,
  ONE_TO_MANY,
  ONE_TO_ONE,
} from '../../../../src/trainer/detection/loss.ts';
import { completeIou, type Corners, type MutableCorners } from '../../../../src/trainer/detection/overlap.ts';
import { numbers } from './numbers.ts';

type Case = (typeof golden)['cases'][number];
const [width, height] = golden.size as [number, number];
const anchors = anchorsOf({ width, height }, golden.strides);

function targetsOf(boxes: readonly (readonly (readonly number[])[])[], weights: readonly number[]): DetectionTargets {
  const capacity = Math.max(...boxes.map(({ length }) => length));
  const rows = new Float32Array(boxes.length * capacity * TARGET_COLUMNS);
  for (const [image, list] of boxes.entries()) rows.set(list.flat(), image * capacity * TARGET_COLUMNS);
  return { counts: Int32Array.from(boxes, ({ length }) => length), rows, weights: Float32Array.from(weights) };
}

function outputsOf({ classes, regMax, spread, offset, boxes }: Case): HeadOutputs {
  const cells = boxes.length * anchors.count;
  return {
    boxes: numbers(cells * SIDES * regMax, 1, spread, offset),
    scores: numbers(cells * classes, 2, spread, -1),
  };
}

function lossOf({ classes, regMax, kept }: Case): DetectionLoss {
  return new DetectionLoss({
    shape: { anchors, classes, regMax },
    size: { width, height },
    assign: kept === 1 ? ONE_TO_ONE : ONE_TO_MANY,
    gains: DEFAULT_GAINS,
  });
}

const like = ({ boxes, scores }: HeadOutputs): HeadOutputs => ({
  boxes: new Float32Array(boxes.length).fill(NaN),
  scores: new Float32Array(scores.length).fill(NaN),
});

function expected(base64: string): Float32Array {
  return new Float32Array(Uint8Array.from(Buffer.from(base64, 'base64')).buffer);
}

/** PyTorch computes in float32: some tens of roundings of the largest gradient. */
function expectClose(actual: Float32Array, wanted: Float32Array): void {
  expect(actual).toHaveLength(wanted.length);
  const most = wanted.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0);
  const apart = actual.reduce((largest, value, i) => Math.max(largest, Math.abs(value - wanted[i]!)), 0);
  expect(apart).toBeLessThan(1e-5 * most);
  expect(actual.every(Number.isFinite)).toBe(true);
}

const total = ({ box, classes, distances }: LossParts): number => box + classes + distances;

describe('DetectionLoss', () => {
  it.each(golden.cases)('equals PyTorch, parts and gradients: $name', (given) => {
    const loss = lossOf(given);
    const outputs = outputsOf(given);
    const targets = targetsOf(given.boxes, golden.weights);
    const gradients = like(outputs);
    // Twice: nothing of one batch is left for the next.
    for (let time = 0; time < 2; time++) {
      const parts = loss.evaluate(outputs, targets, gradients);
      for (const name of ['box', 'classes', 'distances'] as const)
        expect(parts[name] / given.parts[name]).toBeCloseTo(1, 5);
      expectClose(gradients.boxes, expected(given.gradients.boxes));
      expectClose(gradients.scores, expected(given.gradients.scores));
    }
  });

  it('is not changed by what padding holds', () => {
    const given = golden.cases[0]!;
    const loss = lossOf(given);
    const outputs = outputsOf(given);
    const targets = targetsOf(given.boxes, golden.weights);
    const parts = loss.evaluate(outputs, targets, like(outputs));
    const padding = given.boxes.length - 1;
    outputs.scores.fill(50, padding * given.classes * anchors.count);
    expect(loss.evaluate(outputs, targets, like(outputs))).toEqual(parts);
  });

  it('of a batch of backgrounds is that of its scores alone', () => {
    const given = golden.cases[0]!;
    const outputs = outputsOf(given);
    const gradients = like(outputs);
    const none = given.boxes.map(() => []);
    const parts = lossOf(given).evaluate(
      outputs,
      targetsOf(
        none,
        given.boxes.map(() => 1),
      ),
      gradients,
    );
    const softplus = outputs.scores.reduce((sum, score) => sum + Math.log1p(Math.exp(score)), 0);
    expect(parts).toMatchObject({ box: 0, distances: 0 });
    // Summed in float32 by fours.
    expect(parts.classes / (DEFAULT_GAINS.classes * softplus)).toBeCloseTo(1, 6);
    expect(gradients.boxes.every((value) => value === 0)).toBe(true);
  });

  it('stays a number where a bin is as good as impossible', () => {
    const one = anchorsOf({ width: 32, height: 32 }, [32]);
    const shape = { anchors: one, classes: 1, regMax: 16 };
    const options = { shape, size: { width: 32, height: 32 }, assign: ONE_TO_MANY, gains: DEFAULT_GAINS };
    // One stride to each side, as surely as 6000 says, where 2½ are wanted: half in each of two bins, 6000 below.
    const boxes = Float32Array.from({ length: SIDES * 16 }, (_, i) => (i % 16 === 1 ? 3000 : -3000));
    const outputs = { boxes, scores: new Float32Array(1) };
    const targets = targetsOf([[[0, 16 - 80, 16 - 80, 16 + 80, 16 + 80]]], [1]);
    const gradients = like(outputs);
    const { distances, labels } = new DetectionLoss(options).evaluate(outputs, targets, gradients);
    // Labels are IoUs, here 2²/5².
    expect(labels).toBeCloseTo(0.16, 3);
    expect(distances / labels).toBeCloseTo(DEFAULT_GAINS.distances * 6000, 3);
    // Out of the bin that is predicted, into the two.
    const each = (DEFAULT_GAINS.distances * labels) / SIDES;
    expect(gradients.boxes[2]! / each).toBeCloseTo(-0.5, 5);
    expect(gradients.boxes[3]! / each).toBeCloseTo(-0.5, 5);
    expect(gradients.boxes.every(Number.isFinite)).toBe(true);
  });

  it('falls when the outputs follow its gradient', () => {
    const given = golden.cases[1]!;
    const loss = lossOf(given);
    const outputs = outputsOf(given);
    const targets = targetsOf(given.boxes, golden.weights);
    const gradients = like(outputs);
    const before = total(loss.evaluate(outputs, targets, gradients));
    for (let step = 0; step < 20; step++) {
      for (const key of ['boxes', 'scores'] as const)
        for (const [i, slope] of gradients[key].entries()) outputs[key][i]! -= 2 * slope;
      loss.evaluate(outputs, targets, gradients);
    }
    expect(total(loss.evaluate(outputs, targets, gradients))).toBeLessThan(0.8 * before);
  });
});

describe('completeIou', () => {
  const pairs: readonly (readonly [what: string, predicted: Corners, truth: Corners])[] = [
    ['overlapping', [2, 3, 10, 12], [4, 1, 14, 9]],
    ['inside', [5, 5, 8, 7], [1, 2, 20, 15]],
    ['around', [0, 0, 30, 9], [3, 2, 7, 8]],
    ['apart', [0, 0, 4, 5], [10, 12, 17, 15]],
    ['apart along one axis', [0, 0, 4, 5], [1, 12, 6, 15]],
  ];

  it.each(pairs)('has the slope that finite differences have: %s', (_, predicted, truth) => {
    const gradient: MutableCorners = [0, 0, 0, 0];
    completeIou(predicted, truth, gradient);
    // α is a constant of the gradient, not of the differences: it is taken out of both by holding it.
    const step = 1e-5;
    for (let corner = 0; corner < 4; corner++) {
      const moved = (by: number): Corners => predicted.map((value, i) => value + (i === corner ? by : 0)) as never;
      const slope = (heldAlpha(moved(step), truth, predicted) - heldAlpha(moved(-step), truth, predicted)) / (2 * step);
      expect(gradient[corner]).toBeCloseTo(slope, 7);
    }
  });

  it('is 1 for equal boxes and below 0 for those far apart', () => {
    expect(completeIou([1, 2, 5, 9], [1, 2, 5, 9])).toBeCloseTo(1, 6);
    expect(completeIou([0, 0, 1, 1], [100, 100, 101, 101])).toBeLessThan(-0.9);
  });
});

/** CIoU with the α of another prediction, from its definition. */
function heldAlpha(box: Corners, truth: Corners, other: Corners): number {
  const { iou, apart, proportion } = terms(box, truth);
  const held = terms(other, truth);
  return iou - apart - (held.proportion / (held.proportion - held.iou + 1)) * proportion;
}

function terms([x1, y1, x2, y2]: Corners, [a1, b1, a2, b2]: Corners) {
  const shared = Math.max(Math.min(x2, a2) - Math.max(x1, a1), 0) * Math.max(Math.min(y2, b2) - Math.max(y1, b1), 0);
  const iou = shared / ((x2 - x1) * (y2 - y1) + (a2 - a1) * (b2 - b1) - shared);
  const diagonal = (Math.max(x2, a2) - Math.min(x1, a1)) ** 2 + (Math.max(y2, b2) - Math.min(y1, b1)) ** 2;
  const apart = ((a1 + a2 - x1 - x2) ** 2 + (b1 + b2 - y1 - y2) ** 2) / 4 / diagonal;
  const turn = Math.atan((a2 - a1) / (b2 - b1)) - Math.atan((x2 - x1) / (y2 - y1));
  return { iou, apart, proportion: (4 / Math.PI ** 2) * turn ** 2 };
}
