import { expect, test } from 'vitest';
import { metricOf } from '../../../../src/shared/run/metric.ts';
import { isBetter } from '../../../../src/trainer/early-stopping.ts';

const detector = (map: number, loss: number) => ({
  loss,
  accuracy: null,
  detection: { map50: 1, map, precision: 1, recall: 1, f1: 1 },
});

test('a classifier is told by its accuracy, a detector by its mean average precision', () => {
  expect(metricOf({ accuracy: 0.5 })).toEqual({ name: 'accuracy', value: 0.5 });
  expect(metricOf(detector(0.25, 1))).toEqual({ name: 'mAP50-95', value: 0.25 });
  expect(metricOf(null).value).toBeNull();
});

test('the best detector is the one of the highest mAP50-95, of equal ones that of the smaller loss', () => {
  expect(isBetter(detector(0.5, 9), detector(0.4, 1))).toBe(true);
  expect(isBetter(detector(0.4, 1), detector(0.5, 9))).toBe(false);
  expect(isBetter(detector(0.5, 1), detector(0.5, 2))).toBe(true);
});
