/** Non-maximum suppression by class: of the boxes that overlap more than a limit the one with the highest score stays. */
import { type Detection, type Detections, detectionsOf } from './detections.ts';
import { iouAt } from './overlap.ts';

/** `found` is sorted by falling score; ends as soon as `limit` are kept, which later ones cannot change. */
export function nonMaximumSuppression(found: readonly Detection[], overlap: number, limit: number): Detections {
  const boxes = Float32Array.from(found.flatMap(({ box }) => box));
  const kept: Detection[] = [];
  const ofClass = new Map<number, number[]>();
  for (const [index, detection] of found.entries()) {
    let rivals = ofClass.get(detection.label);
    if (rivals === undefined) ofClass.set(detection.label, (rivals = []));
    if (rivals.some((rival) => iouAt(boxes, 4 * rival, boxes, 4 * index) > overlap)) continue;
    rivals.push(index);
    kept.push(detection);
    if (kept.length === limit) break;
  }
  return detectionsOf(kept);
}
