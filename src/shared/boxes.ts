/** Which found boxes are right, by the rule of mean average precision at IoU 0.5: for views, which draw them. Pure. */
import type { ShownBox } from './protocol/results.ts';

/** Boxes that overlap less are of different things. */
const LEAST_OVERLAP = 0.5;

export interface JudgedBoxes {
  /** One a found box: whether there is one of its class that no surer one has taken. */
  readonly right: readonly boolean[];
  /** One a true box: whether it was found. */
  readonly found: readonly boolean[];
}

/** `found`: the surest first. */
export function judgeBoxes(truth: readonly ShownBox[], found: readonly ShownBox[]): JudgedBoxes {
  const taken = truth.map(() => false);
  const right = found.map(({ label, box }) => {
    let winner = -1;
    let most = LEAST_OVERLAP;
    for (const [index, there] of truth.entries()) {
      if (taken[index] === true || there.label !== label) continue;
      const overlap = overlapOf(box, there.box);
      if (overlap >= most) [winner, most] = [index, overlap];
    }
    if (winner >= 0) taken[winner] = true;
    return winner >= 0;
  });
  return { right, found: taken };
}

/** Intersection over union. */
function overlapOf(a: ShownBox['box'], b: ShownBox['box']): number {
  const width = Math.min(a[2], b[2]) - Math.max(a[0], b[0]);
  const height = Math.min(a[3], b[3]) - Math.max(a[1], b[1]);
  if (width <= 0 || height <= 0) return 0;
  const shared = width * height;
  return shared / (areaOf(a) + areaOf(b) - shared);
}

function areaOf([x1, y1, x2, y2]: ShownBox['box']): number {
  return (x2 - x1) * (y2 - y1);
}

/** `2 × cat, dog`: what there is, the commonest first. */
export function countLabels(boxes: readonly ShownBox[]): string {
  const counts = new Map<string, number>();
  for (const { label } of boxes) counts.set(label, (counts.get(label) ?? 0) + 1);
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([label, count]) => (count === 1 ? label : `${count} × ${label}`))
    .join(', ');
}
