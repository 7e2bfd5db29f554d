/**
 * Which detections are right, image by image: best score first, each takes the box of its class that it overlaps most and that none has
 * taken, at each of ten limits of IoU (0.5, 0.55, … 0.95). COCO's rule, and Ultralytics'.
 */
import type { Detections, Truth } from './detections.ts';
import { iouAt } from './overlap.ts';

export const LIMITS: readonly number[] = Array.from({ length: 10 }, (_, i) => (50 + 5 * i) / 100);

/** Detections of a class in an image that COCO looks at. */
const COCO_DETECTIONS = 100;

/** One detection's fate. */
export interface Match {
  readonly score: number;
  /** Bit i: it is right at limit i. */
  readonly right: number;
  /** Bit i: at limit i it lies in a crowd, and does not count. */
  readonly ignored: number;
  /** It is among the best of its class in its image that COCO looks at. */
  readonly early: boolean;
}

/** Of one class, over all images, in the order in which they were added. */
export interface ClassMatches {
  readonly matches: Match[];
  /** True boxes that are no crowds. */
  truths: number;
}

export class Matches {
  readonly classes: readonly ClassMatches[];

  constructor(classes: number) {
    this.classes = Array.from({ length: classes }, () => ({ matches: [], truths: 0 }));
  }

  add(found: Detections, truth: Truth): void {
    const targets = byLabel(truth.labels);
    for (const [label, own] of targets)
      this.classes[label]!.truths += own.filter((target) => truth.crowds?.[target] !== 1).length;
    for (const [label, own] of byLabel(found.labels)) {
      const matches = matchClass(found, own, truth, targets.get(label) ?? []);
      for (const match of matches) this.classes[label]!.matches.push(match);
    }
  }
}

function byLabel(labels: Int32Array): Map<number, number[]> {
  const lists = new Map<number, number[]>();
  for (const [index, label] of labels.entries()) {
    const list = lists.get(label);
    if (list === undefined) lists.set(label, [index]);
    else list.push(index);
  }
  return lists;
}

function matchClass(found: Detections, own: readonly number[], truth: Truth, targets: readonly number[]): Match[] {
  const objects = targets.filter((target) => truth.crowds?.[target] !== 1);
  const crowds = targets.filter((target) => truth.crowds?.[target] === 1);
  /** Bit i: taken at limit i. */
  const taken = new Uint16Array(objects.length);
  return own.map((index, rank) => {
    const overlaps = objects.map((target) => iouAt(found.boxes, 4 * index, truth.boxes, 4 * target));
    const inCrowd = Math.max(
      0,
      ...crowds.map((target) => shareInside(found.boxes, 4 * index, truth.boxes, 4 * target)),
    );
    let [right, ignored] = [0, 0];
    for (const [bit, limit] of LIMITS.entries()) {
      let winner = -1;
      let most = limit;
      for (const [place, overlap] of overlaps.entries()) {
        if (overlap < most || ((taken[place]! >> bit) & 1) === 1) continue;
        [winner, most] = [place, overlap];
      }
      if (winner >= 0) {
        taken[winner]! |= 1 << bit;
        right |= 1 << bit;
      } else if (inCrowd >= limit) {
        ignored |= 1 << bit;
      }
    }
    return { score: found.scores[index]!, right, ignored, early: rank < COCO_DETECTIONS };
  });
}

/** A detection in a crowd is compared by its own area. */
function shareInside(a: Float32Array, i: number, b: Float32Array, j: number): number {
  const width = Math.min(a[i + 2]!, b[j + 2]!) - Math.max(a[i]!, b[j]!);
  const height = Math.min(a[i + 3]!, b[j + 3]!) - Math.max(a[i + 1]!, b[j + 1]!);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / ((a[i + 2]! - a[i]!) * (a[i + 3]! - a[i + 1]!));
}
