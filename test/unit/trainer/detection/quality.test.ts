import { describe, expect, it } from 'vitest';
import { detectionsOf } from '../../../../src/trainer/detection/detections.ts';
import type { Truth } from '../../../../src/trainer/detection/detections.ts';
import { Matches } from '../../../../src/trainer/detection/matches.ts';
import { qualityOf } from '../../../../src/trainer/detection/quality.ts';
import { ultralyticsPrecision } from '../../../../src/trainer/detection/ultralytics-precision.ts';

const CLASSES = ['cat', 'dog', 'fox'];
const box = (x: number): number[] => [x, 0, x + 10, 10];
const truth = (labels: number[], places: number[]): Truth => ({
  labels: Int32Array.from(labels),
  boxes: Float32Array.from(places.flatMap(box)),
});

/** A cat that is found, a dog that is taken for a fox, a dog that is missed, and a cat where nothing is. */
const SCORED = [
  {
    found: detectionsOf([
      { label: 0, score: 0.9, box: box(0) },
      { label: 2, score: 0.8, box: box(50) },
      { label: 0, score: 0.6, box: box(100) },
    ]),
    truth: truth([0, 1], [0, 50]),
  },
  { found: detectionsOf([]), truth: truth([1], [0]) },
];

const quality = () => {
  const matches = new Matches(CLASSES.length);
  for (const { found, truth: there } of SCORED) matches.add(found, there);
  return qualityOf(SCORED, ultralyticsPrecision(matches), CLASSES);
};

describe('qualityOf', () => {
  it('counts what is taken for what, the background as the class after the last', () => {
    expect(quality().confusion).toEqual([
      [0, 0, 1],
      [0, 3, 1],
      [2, 1, 1],
      [3, 1, 1],
    ]);
  });

  it('takes for an object only what is shown, and lies roughly in its place', () => {
    const there = truth([0], [0]);
    const confusionOf = (score: number, x: number) => {
      const scored = [{ found: detectionsOf([{ label: 0, score, box: box(x) }]), truth: there }];
      const matches = new Matches(CLASSES.length);
      matches.add(scored[0]!.found, there);
      return qualityOf(scored, ultralyticsPrecision(matches), CLASSES).confusion;
    };
    const [right, missed, invented] = [
      [0, 0, 1],
      [3, 0, 1],
      [0, 3, 1],
    ];
    // Boxes of ten pixels that lie 3 and 4 apart overlap by 7/13 and 6/14; 0.45 is between.
    expect(confusionOf(0.26, 3)).toEqual([right]);
    expect(confusionOf(0.26, 4)).toEqual([invented, missed]);
    expect(confusionOf(0.24, 0)).toEqual([missed]);
  });

  it('has a curve for each class that occurs, the lowest first, and the mean of them', () => {
    const { classes, precisionAtRecall } = quality();
    expect(classes.map(({ label }) => label)).toEqual(['dog', 'cat']);
    const [dog, cat] = classes.map((each) => each.precisionAtRecall);
    expect(dog).toHaveLength(101);
    // Of the one cat that is there the surest detection is right: precision 1 at every recall but the last, where none is left.
    expect(cat!.slice(0, 100)).toEqual(Array<number>(100).fill(1));
    expect(dog!.every((value) => value === 0)).toBe(true);
    expect(precisionAtRecall.slice(0, 100)).toEqual(Array<number>(100).fill(0.5));
  });

  it('is all zeros where nothing is labelled', () => {
    const none = qualityOf([], ultralyticsPrecision(new Matches(CLASSES.length)), CLASSES);
    expect(none.classes).toEqual([]);
    expect(none.precisionAtRecall).toEqual(Array<number>(101).fill(0));
    expect(none.confusion).toEqual([]);
  });
});
