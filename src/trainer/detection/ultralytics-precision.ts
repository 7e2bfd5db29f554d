/**
 * The figures of `ultralytics val`, so that they can be compared: average precision is the area under the precision envelope by trapezia
 * between 101 recalls, the envelope drawn linearly between its points; precision, recall and F1 are told at the one confidence where the mean F1
 * of the classes, smoothed, is best. Its means are over the classes that occur.
 */
import { type ClassMatches, LIMITS, type Matches } from './matches.ts';

/** Confidences of the curves: 0, 1/999, … 1. */
const CURVE_POINTS = 1000;
const RECALL_POINTS = 101;
const EPSILON = 1e-16;
/** Share of the curve that smoothing looks at. */
const SMOOTHING = 0.1;

export interface ClassPrecision {
  readonly label: number;
  readonly truths: number;
  /** At the common confidence. */
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly ap50: number;
  /** Mean over the limits of IoU. */
  readonly ap: number;
  readonly curves: ClassCurves;
}

export interface ClassCurves {
  /** `[CURVE_POINTS]`, by confidence. */
  readonly precision: Float64Array;
  readonly recall: Float64Array;
  /** `[CURVE_POINTS]`, by recall, at IoU 0.5. */
  readonly precisionAtRecall: Float64Array;
}

export interface UltralyticsPrecision {
  /** Of the classes that occur. */
  readonly perClass: readonly ClassPrecision[];
  /** Where the mean F1 is best. */
  readonly confidence: number;
  /** Means over the classes; 0 where none occurs, as there. */
  readonly precision: number;
  readonly recall: number;
  readonly f1: number;
  readonly map50: number;
  readonly map: number;
}

export function ultralyticsPrecision({ classes }: Matches): UltralyticsPrecision {
  const present = classes.flatMap((own, label) => (own.truths === 0 ? [] : [{ label, own, ...measure(own) }]));
  const f1s = present.map(({ curves: { precision, recall } }) =>
    precision.map((p, i) => (2 * p * recall[i]!) / (p + recall[i]! + EPSILON)),
  );
  const meanF1 = Float64Array.from({ length: CURVE_POINTS }, (_, i) => mean(f1s.map((f1) => f1[i]!)));
  const at = indexOfLargest(smoothed(meanF1, SMOOTHING));
  const perClass = present.map(({ label, own: { truths }, curves, precisions }, i) => ({
    label,
    truths,
    precision: curves.precision[at]!,
    recall: curves.recall[at]!,
    f1: f1s[i]![at]!,
    ap50: precisions[0]!,
    ap: mean(precisions),
    curves,
  }));
  return {
    perClass,
    confidence: at / (CURVE_POINTS - 1),
    precision: mean(perClass.map(({ precision }) => precision)),
    recall: mean(perClass.map(({ recall }) => recall)),
    f1: mean(perClass.map(({ f1 }) => f1)),
    map50: mean(perClass.map(({ ap50 }) => ap50)),
    map: mean(perClass.map(({ ap }) => ap)),
  };
}

function measure({ matches, truths }: ClassMatches): { precisions: number[]; curves: ClassCurves } {
  const zeros = (): Float64Array => new Float64Array(CURVE_POINTS);
  if (matches.length === 0) {
    const curves = { precision: zeros(), recall: zeros(), precisionAtRecall: zeros() };
    return { precisions: LIMITS.map(() => 0), curves };
  }
  const sorted = [...matches].sort((a, b) => b.score - a.score);
  const points = LIMITS.map((_, bit) => {
    let right = 0;
    const recall = new Float64Array(sorted.length);
    const precision = new Float64Array(sorted.length);
    for (const [index, match] of sorted.entries()) {
      right += (match.right >> bit) & 1;
      recall[index] = right / (truths + EPSILON);
      precision[index] = right / (index + 1);
    }
    return { recall, precision };
  });
  const envelopes = points.map(({ recall, precision }) => envelopeOf(recall, precision));
  // Interpolation wants rising places; confidences fall.
  const falling = Float64Array.from(sorted, ({ score }) => -score);
  const { recall, precision } = points[0]!;
  const byConfidence = (values: Float64Array, left: number): Float64Array =>
    Float64Array.from({ length: CURVE_POINTS }, (_, i) => interpolate(-i / (CURVE_POINTS - 1), falling, values, left));
  const at50 = envelopes[0]!;
  return {
    precisions: envelopes.map(areaUnder),
    curves: {
      precision: byConfidence(precision, 1),
      recall: byConfidence(recall, 0),
      precisionAtRecall: Float64Array.from({ length: CURVE_POINTS }, (_, i) =>
        interpolate(i / (CURVE_POINTS - 1), at50.recall, at50.precision),
      ),
    },
  };
}

interface Envelope {
  readonly recall: Float64Array;
  readonly precision: Float64Array;
}

/** The largest precision at a recall or beyond; nothing is found beyond the last recall. */
function envelopeOf(recall: Float64Array, precision: Float64Array): Envelope {
  const around = Float64Array.of(1, ...precision, 0, 0);
  for (let i = around.length - 2; i >= 0; i--) around[i] = Math.max(around[i]!, around[i + 1]!);
  return { recall: Float64Array.of(0, ...recall, recall.at(-1)!, 1), precision: around };
}

function areaUnder({ recall, precision }: Envelope): number {
  let area = 0;
  let before = interpolate(0, recall, precision);
  for (let i = 1; i < RECALL_POINTS; i++) {
    const here = interpolate(i / (RECALL_POINTS - 1), recall, precision);
    area += (before + here) / 2 / (RECALL_POINTS - 1);
    before = here;
  }
  return area;
}

/** `numpy.interp`: linear between `places`, which do not fall; of equal places the last counts. */
function interpolate(at: number, places: Float64Array, values: Float64Array, left = values[0]!): number {
  const last = places.length - 1;
  if (at < places[0]!) return left;
  if (at >= places[last]!) return values[last]!;
  let [low, high] = [0, last];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (places[middle]! <= at) low = middle;
    else high = middle;
  }
  const slope = (values[high]! - values[low]!) / (places[high]! - places[low]!);
  return values[low]! + slope * (at - places[low]!);
}

/** The mean of each value and its neighbours, the ends being repeated. */
function smoothed(values: Float64Array, share: number): Float64Array {
  const half = (Math.floor(Math.round(values.length * share * 2) / 2) + 1) >> 1;
  const at = (i: number): number => values[Math.min(Math.max(i, 0), values.length - 1)]!;
  return values.map((_, i) => {
    let sum = 0;
    for (let j = i - half; j <= i + half; j++) sum += at(j);
    return sum / (2 * half + 1);
  });
}

function indexOfLargest(values: Float64Array): number {
  let at = 0;
  for (const [i, value] of values.entries()) if (value > values[at]!) at = i;
  return at;
}

function mean(values: readonly number[]): number {
  return values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;
}
