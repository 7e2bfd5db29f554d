/** The arithmetic of a slider: which stop is nearest to a number, and which number a text is. Pure. */

/** The index of the stop nearest to `value` by ratio, since the usual stops double. */
export function nearestStop(stops: readonly number[], value: number): number {
  let nearest = 0;
  for (const [index, stop] of stops.entries())
    if (distance(stop, value) < distance(stops[nearest]!, value)) nearest = index;
  return nearest;
}

function distance(a: number, b: number): number {
  return a > 0 && b > 0 ? Math.abs(Math.log(a / b)) : Math.abs(a - b);
}

export interface Bounds {
  readonly least: number;
  readonly most: number;
  readonly whole: boolean;
}

/** Undefined where the text is no number within the bounds. */
export function numberIn(text: string, { least, most, whole }: Bounds): number | undefined {
  // A decimal comma is what half of the keyboards write.
  const trimmed = text.trim().replace(',', '.');
  const value = trimmed === '' ? NaN : Number(trimmed);
  if (!Number.isFinite(value) || value < least || value > most) return undefined;
  return whole && !Number.isInteger(value) ? undefined : value;
}
