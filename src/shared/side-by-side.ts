/** How often the untouched base is right, where it has the classes that the folders name. Pure. */
import type { SideBySide } from './protocol/results.ts';

export interface Score {
  readonly right: number;
  readonly images: number;
}

/** Null where no folder names a class of the base. */
export function baseScoreOf(images: readonly SideBySide[], baseLabels: readonly string[] | null): Score | null {
  const own = new Set(baseLabels);
  const known = images.filter(
    ({ truth, base }) => truth !== null && own.has(truth) && base !== null && base.length > 0,
  );
  if (known.length === 0) return null;
  return { right: known.filter(({ truth, base }) => base?.[0]?.label === truth).length, images: known.length };
}
