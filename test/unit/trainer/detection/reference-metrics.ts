/** The sets of test/parity/detection_metrics.py, and what each of our figures must agree with. */
import { expect } from 'vitest';
import * as z from 'zod';
import { cocoPrecision, type CocoPrecision } from '../../../../src/trainer/detection/coco-precision.ts';
import { ConfusionMatrix } from '../../../../src/trainer/detection/confusion.ts';
import { detectionsOf, type Truth } from '../../../../src/trainer/detection/detections.ts';
import { Matches } from '../../../../src/trainer/detection/matches.ts';
import { ultralyticsPrecision } from '../../../../src/trainer/detection/ultralytics-precision.ts';

const rows = z.array(z.array(z.number()));
const coco = z.object({ map: z.number(), map50: z.number(), perClass: z.array(z.array(z.number()).nullable()) });
export const referenceSchema = z.object({
  images: z.array(
    z.object({
      labels: z.array(z.number()),
      boxes: rows,
      crowds: z.array(z.number()),
      found: z.array(z.object({ score: z.number(), label: z.number(), box: z.array(z.number()) })),
    }),
  ),
  coco,
  cocoWithCrowds: coco,
  ultralytics: z.object({
    classes: z.array(z.number()),
    precision: z.array(z.number()),
    recall: z.array(z.number()),
    f1: z.array(z.number()),
    ap: rows,
    precisionAtRecall: rows,
    confusion: rows,
  }),
});
type Reference = z.infer<typeof referenceSchema>;

function matchesOf({ images, coco: { perClass } }: Reference, crowds: boolean): Matches {
  const matches = new Matches(perClass.length);
  for (const image of images) matches.add(detectionsOf(image.found), truthOf(image, crowds));
  return matches;
}

function truthOf({ boxes, labels, crowds }: Reference['images'][number], withCrowds: boolean): Truth {
  return {
    boxes: Float32Array.from(boxes.flat()),
    labels: Int32Array.from(labels),
    ...(withCrowds && { crowds: Uint8Array.from(crowds) }),
  };
}

/** The same arithmetic on the same numbers, boxes being float32 here: no match changes, so nothing but rounding may differ. */
const CLOSE = 1e-9;

export function expectCoco(reference: Reference): void {
  compareCoco(cocoPrecision(matchesOf(reference, false)), reference.coco);
  compareCoco(cocoPrecision(matchesOf(reference, true)), reference.cocoWithCrowds);
}

function compareCoco(actual: CocoPrecision, wanted: Reference['coco']): void {
  expect(Math.abs(actual.map! - wanted.map)).toBeLessThan(CLOSE);
  expect(Math.abs(actual.map50! - wanted.map50)).toBeLessThan(CLOSE);
  for (const [label, precisions] of wanted.perClass.entries()) {
    if (precisions === null) expect(actual.perClass[label]).toBeNull();
    else for (const [bit, value] of precisions.entries()) expect(actual.perClass[label]![bit]).toBeCloseTo(value, 9);
  }
}

export function expectUltralytics(reference: Reference): void {
  const { perClass, map, map50 } = ultralyticsPrecision(matchesOf(reference, false));
  const { classes, precision, recall, f1, ap, precisionAtRecall } = reference.ultralytics;
  expect(perClass.map(({ label }) => label)).toEqual(classes);
  const flat = ap.flat();
  expect(map).toBeCloseTo(flat.reduce((sum, value) => sum + value, 0) / flat.length, 6);
  expect(map50).toBeCloseTo(ap.reduce((sum, [at50]) => sum + at50!, 0) / ap.length, 6);
  for (const [i, own] of perClass.entries()) {
    // Confidences are float32 there and the place on a curve is interpolated between two that may be close.
    expect(own.precision).toBeCloseTo(precision[i]!, 5);
    expect(own.recall).toBeCloseTo(recall[i]!, 5);
    expect(own.f1).toBeCloseTo(f1[i]!, 5);
    for (const [at, value] of precisionAtRecall[i]!.entries())
      expect(own.curves.precisionAtRecall[at * 50]).toBeCloseTo(value, 5);
  }
}

export function expectConfusion({ images, ultralytics: { confusion } }: Reference): void {
  const matrix = new ConfusionMatrix(confusion.length - 1);
  for (const image of images) matrix.add(detectionsOf(image.found), truthOf(image, false));
  expect([...matrix.counts]).toEqual(confusion.flat());
}
