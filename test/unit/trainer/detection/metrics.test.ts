import { describe, expect, it } from 'vitest';
import golden from '../../../fixtures/detection/metrics.json' with { type: 'json' };
import { cocoPrecision } from '../../../../src/trainer/detection/coco-precision.ts';
import { ConfusionMatrix } from '../../../../src/trainer/detection/confusion.ts';
import { detectionsOf, type Truth } from '../../../../src/trainer/detection/detections.ts';
import { Matches } from '../../../../src/trainer/detection/matches.ts';
import { ultralyticsPrecision } from '../../../../src/trainer/detection/ultralytics-precision.ts';
import { expectCoco, expectConfusion, expectUltralytics, referenceSchema } from './reference-metrics.ts';

const reference = referenceSchema.parse(golden);

const truth: Truth = { boxes: Float32Array.of(0, 0, 10, 10, 50, 50, 60, 60), labels: Int32Array.of(0, 1) };

function matched(found: Parameters<typeof detectionsOf>[0]): Matches {
  const matches = new Matches(3);
  matches.add(detectionsOf(found), truth);
  return matches;
}

describe('average precision', () => {
  it("is pycocotools', with crowds too", () => {
    expectCoco(reference);
  });

  it("is Ultralytics', with precision, recall and F1 at the best confidence and the curves", () => {
    expectUltralytics(reference);
  });

  it('is 1 where everything is found once, and nothing else', () => {
    const perfect = matched([
      { label: 0, score: 0.9, box: [0, 0, 10, 10] },
      { label: 1, score: 0.8, box: [50, 50, 60, 60] },
    ]);
    // COCO adds the smallest number to what it divides by.
    expect(cocoPrecision(perfect).map).toBeCloseTo(1, 12);
    expect(cocoPrecision(perfect).perClass[2]).toBeNull();
    // The envelope falls to nothing beyond the last recall: half a trapezium is missing.
    expect(ultralyticsPrecision(perfect).map).toBeCloseTo(0.995, 9);
    expect(ultralyticsPrecision(perfect)).toMatchObject({ precision: 1, recall: 1 });
  });

  it('is 0 where nothing is found, and undefined where nothing is there', () => {
    expect(cocoPrecision(matched([]))).toMatchObject({ map: 0, map50: 0 });
    expect(cocoPrecision(new Matches(2))).toMatchObject({ map: null, map50: null });
    expect(ultralyticsPrecision(new Matches(2))).toMatchObject({ map: 0, perClass: [] });
  });

  it('counts a second find of the same box as wrong', () => {
    const twice = matched([
      { label: 0, score: 0.9, box: [0, 0, 10, 9.9] },
      { label: 0, score: 0.8, box: [0, 0, 10, 10] },
      { label: 1, score: 0.7, box: [50, 50, 60, 60] },
    ]);
    expect(twice.classes[0]!.matches.map(({ right }) => right > 0)).toEqual([true, false]);
  });
});

describe('ConfusionMatrix', () => {
  it("is Ultralytics'", () => {
    expectConfusion(reference);
  });

  it('has what is taken for another class, missed and invented', () => {
    const matrix = new ConfusionMatrix(2);
    matrix.add(
      detectionsOf([
        { label: 1, score: 0.9, box: [0, 0, 10, 10] },
        { label: 1, score: 0.5, box: [80, 80, 90, 90] },
        { label: 1, score: 0.2, box: [50, 50, 60, 60] },
      ]),
      truth,
    );
    // Rows found, columns there: 0, 1, background.
    expect([...matrix.counts]).toEqual([0, 0, 0, 1, 0, 1, 0, 1, 0]);
  });
});
