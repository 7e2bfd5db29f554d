/**
 * Average precision as COCO has it: the mean of the precision at 101 recalls 0, 0.01, … 1, where the precision at a recall is the largest
 * at that recall or beyond; over ten limits of IoU, and over the classes that occur.
 */
import { type ClassMatches, LIMITS, type Matches } from './matches.ts';

/** Rounded as numpy's `linspace` rounds them: recalls are often such fractions. */
const RECALLS = Array.from({ length: 101 }, (_, i) => (i === 100 ? 1 : i * 0.01));
/** As `numpy.spacing(1)`. */
const EPSILON = 2 ** -52;

export interface CocoPrecision {
  /** `[classes][LIMITS]`; null for a class that has no true box. */
  readonly perClass: readonly (readonly number[] | null)[];
  /** Means over the classes; null where none has a box. */
  readonly map50: number | null;
  readonly map: number | null;
}

export function cocoPrecision({ classes }: Matches): CocoPrecision {
  const perClass = classes.map((own) => (own.truths === 0 ? null : LIMITS.map((_, bit) => averagePrecision(own, bit))));
  const present = perClass.filter((precisions) => precisions !== null);
  return {
    perClass,
    map50: mean(present.map(([at50]) => at50!)),
    map: mean(present.flat()),
  };
}

function averagePrecision({ matches, truths }: ClassMatches, bit: number): number {
  const counted = matches.filter(({ early, ignored }) => early && ((ignored >> bit) & 1) === 0);
  // Stable, as COCO's merge sort is.
  counted.sort((a, b) => b.score - a.score);
  const recalls: number[] = [];
  const precisions: number[] = [];
  let right = 0;
  for (const [index, match] of counted.entries()) {
    right += (match.right >> bit) & 1;
    recalls.push(right / truths);
    precisions.push(right / (index + 1 + EPSILON));
  }
  for (let i = precisions.length - 2; i >= 0; i--) precisions[i] = Math.max(precisions[i]!, precisions[i + 1]!);
  let sum = 0;
  let at = 0;
  for (const recall of RECALLS) {
    while (at < recalls.length && recalls[at]! < recall) at++;
    sum += precisions[at] ?? 0;
  }
  return sum / RECALLS.length;
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}
