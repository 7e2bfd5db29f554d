/** What a person looks at beyond the figures of an evaluation: precision over recall, figures over the confidence, and what is taken for what. */
import type { DetectionQuality } from '../../shared/run/samples.ts';
import { ConfusionMatrix } from './confusion.ts';
import type { Detections, Truth } from './detections.ts';
import type { ClassPrecision, UltralyticsPrecision } from './ultralytics-precision.ts';

/** Of each curve: 0, 0.01, … 1. */
const POINTS = 101;
/** Classes with a curve of their own, the lowest precision first: more lines nobody tells apart. */
const MAX_CURVES = 80;

export function qualityOf(
  scored: readonly { readonly found: Detections; readonly truth: Truth }[],
  { perClass, confidence }: UltralyticsPrecision,
  classes: readonly string[],
): DetectionQuality {
  const matrix = new ConfusionMatrix(classes.length);
  for (const { found, truth } of scored) matrix.add(found, truth);
  const over = (of: keyof ClassPrecision['curves']): number[] => meanCurve(perClass.map(({ curves }) => curves[of]));
  const lowest = [...perClass].sort((a, b) => a.ap50 - b.ap50).slice(0, MAX_CURVES);
  return {
    bestConfidence: confidence,
    precisionAtRecall: over('precisionAtRecall'),
    classes: lowest.map(({ label, ap50, curves }) => ({
      label: classes[label]!,
      ap50,
      precisionAtRecall: thinned(curves.precisionAtRecall),
    })),
    byConfidence: { precision: over('precision'), recall: over('recall') },
    confusion: cellsOf(matrix),
  };
}

function meanCurve(curves: readonly Float64Array[]): number[] {
  if (curves.length === 0) return Array<number>(POINTS).fill(0);
  const thin = curves.map(thinned);
  return thin[0]!.map((_, i) => rounded(thin.reduce((sum, curve) => sum + curve[i]!, 0) / thin.length));
}

function thinned(curve: Float64Array): number[] {
  return Array.from({ length: POINTS }, (_, i) => rounded(curve[Math.round((i * (curve.length - 1)) / (POINTS - 1))]!));
}

/** Finer than a screen shows. */
function rounded(value: number): number {
  return Math.round(value * 1e4) / 1e4;
}

/** Most of the pairs of many classes never occur. */
function cellsOf({ counts, classes }: ConfusionMatrix): DetectionQuality['confusion'] {
  return [...counts].flatMap((count, cell) =>
    count === 0 ? [] : [[Math.floor(cell / (classes + 1)), cell % (classes + 1), count] as [number, number, number]],
  );
}
