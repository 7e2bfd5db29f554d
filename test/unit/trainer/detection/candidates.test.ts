import { describe, expect, it } from 'vitest';
import { anchorsOf } from '../../../../src/models/anchors.ts';
import { decodeDetections } from '../../../../src/trainer/detection/candidates.ts';
import type { Detections } from '../../../../src/trainer/detection/detections.ts';
import { type HeadOutputs, type HeadShape, SIDES } from '../../../../src/trainer/detection/heads.ts';
import { nonMaximumSuppression } from '../../../../src/trainer/detection/suppress.ts';

const anchors = anchorsOf({ width: 32, height: 32 }, [8, 16]);
const OPTIONS = { confidence: 0.25, overlap: 0.5 };

/** Two images whose scores are all far below any confidence. */
function silent({ classes, regMax }: HeadShape): HeadOutputs {
  return {
    boxes: new Float32Array(2 * SIDES * regMax * anchors.count),
    scores: new Float32Array(2 * classes * anchors.count).fill(-20),
  };
}

const listed = ({ boxes, labels, scores }: Detections) =>
  [...labels].map((label, i) => ({ label, score: scores[i]!, box: [...boxes.subarray(4 * i, 4 * i + 4)] }));

describe('decodeDetections', () => {
  const shape: HeadShape = { anchors, classes: 3, regMax: 1 };

  function place(outputs: HeadOutputs, image: number, anchor: number, label: number, logit: number, sides: number[]) {
    outputs.scores[(image * shape.classes + label) * anchors.count + anchor] = logit;
    for (const [side, distance] of sides.entries())
      outputs.boxes[(image * SIDES + side) * anchors.count + anchor] = distance;
  }

  it('measures distances in strides from the middle of the cell', () => {
    const outputs = silent(shape);
    // Column 2, row 1 of the first level: middle (20, 12). The first of the second: middle (8, 8).
    place(outputs, 1, 6, 2, 3, [1, 0.5, 0.25, 2]);
    place(outputs, 1, 16, 0, 1, [0.5, 0.5, 0.5, 0.5]);
    expect(listed(decodeDetections(outputs, 0, shape, OPTIONS))).toEqual([]);
    const found = listed(decodeDetections(outputs, 1, shape, OPTIONS));
    expect(found.map(({ label, box }) => ({ label, box }))).toEqual([
      { label: 2, box: [12, 8, 22, 28] },
      { label: 0, box: [0, 0, 16, 16] },
    ]);
    expect(found[0]!.score).toBeCloseTo(1 / (1 + Math.exp(-3)), 6);
  });

  it('takes the mean of a distribution', () => {
    const distribution: HeadShape = { anchors, classes: 3, regMax: 4 };
    const outputs = silent(distribution);
    outputs.scores[0] = 5;
    // Weights 1, 1, 2, 0 of the distances 0, 1, 2, 3 for every side.
    const logits = [0, 0, Math.log(2), -500];
    for (let side = 0; side < SIDES; side++)
      for (const [bin, logit] of logits.entries()) outputs.boxes[(side * 4 + bin) * anchors.count] = logit;
    const [found] = listed(decodeDetections(outputs, 0, distribution, OPTIONS));
    for (const [i, corner] of [-6, -6, 14, 14].entries()) expect(found!.box[i]).toBeCloseTo(corner, 5);
  });

  it('keeps the better of two of a class, and both of two classes', () => {
    const outputs = silent(shape);
    place(outputs, 0, 5, 1, 1, [1, 1, 1, 1]);
    place(outputs, 0, 6, 1, 2, [2, 1, 0, 1]);
    place(outputs, 0, 6, 0, 0, [2, 1, 0, 1]);
    expect(listed(decodeDetections(outputs, 0, shape, OPTIONS)).map(({ label }) => label)).toEqual([1, 0]);
    // The first overlaps the second, which then is of its likeliest class alone.
    expect([...decodeDetections(outputs, 0, shape, { ...OPTIONS, oneClass: true }).labels]).toEqual([1]);
    // A one-to-one head means each of them.
    const all = decodeDetections(outputs, 0, shape, { ...OPTIONS, overlap: null });
    expect(listed(all).map(({ label }) => label)).toEqual([1, 1, 0]);
  });
});

describe('nonMaximumSuppression', () => {
  it('compares with what was kept only, and stops at the limit', () => {
    const at = (x: number, score: number) => ({ label: 0, score, box: [x, 0, x + 10, 10] });
    // The second overlaps the first, the third the second: the third stays, since the second is gone.
    const found = [at(0, 0.9), at(4, 0.8), at(8, 0.7), at(100, 0.6)];
    expect([...nonMaximumSuppression(found, 0.3, 10).boxes].filter((_, i) => i % 4 === 0)).toEqual([0, 8, 100]);
    expect(nonMaximumSuppression(found, 0.3, 2).labels).toHaveLength(2);
  });
});

describe('nonMaximumSuppression at its limit', () => {
  it('keeps a box that overlaps a better one by less, and drops one that does by more', () => {
    const row = (x: number, score: number) => ({ label: 0, score, box: [x, 0, x + 10, 10] });
    // 6/14 = 0.429 of a box 4 pixels beside it.
    const pair = [row(0, 0.9), row(4, 0.8)];
    expect(nonMaximumSuppression(pair, 0.43, 10).labels).toHaveLength(2);
    expect(nonMaximumSuppression(pair, 0.425, 10).labels).toHaveLength(1);
  });
});
