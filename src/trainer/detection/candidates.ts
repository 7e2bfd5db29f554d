/** From a head's raw outputs to detections: those above a confidence, best first, without their duplicates. */
import { type Detection, type Detections, detectionsOf, MAX_DETECTIONS } from './detections.ts';
import { distanceAt, type HeadOutputs, type HeadShape, placeOf, sigmoid, SIDES } from './heads.ts';
import { nonMaximumSuppression } from './suppress.ts';

export interface DecodeOptions {
  /** Detections must have more. */
  readonly confidence: number;
  /** Of two boxes of a class that overlap more, the better stays. Null for a one-to-one head, which answers once for each object. */
  readonly overlap: number | null;
}

/** Of Ultralytics' validation: nearly everything counts, since average precision is about the order. */
export const VALIDATION: DecodeOptions = { confidence: 0.001, overlap: 0.7 };

/** More would only be sorted in vain: no image has as many objects. */
const MAX_CANDIDATES = 30_000;

/** One class at one anchor. */
interface Candidate {
  readonly anchor: number;
  readonly label: number;
  readonly logit: number;
}

/** The detections of an image of the batch, in pixels of the input. An anchor may be several classes. */
export function decodeDetections(
  outputs: HeadOutputs,
  image: number,
  shape: HeadShape,
  { confidence, overlap }: DecodeOptions,
): Detections {
  const least = Math.log(confidence / (1 - confidence));
  const boxes = new Map<number, readonly number[]>();
  const boxOf = (anchor: number): readonly number[] => {
    let box = boxes.get(anchor);
    if (box === undefined) boxes.set(anchor, (box = boxAt(outputs.boxes, image, anchor, shape)));
    return box;
  };
  const decoded = ({ anchor, label, logit }: Candidate): Detection => ({
    box: boxOf(anchor),
    label,
    score: sigmoid(logit),
  });
  if (overlap === null) return detectionsOf(bestAnchors(outputs.scores, image, shape, least).map(decoded));
  const found = best(candidatesAbove(outputs.scores, image, shape, least), MAX_CANDIDATES);
  return nonMaximumSuppression(found.map(decoded), overlap, MAX_DETECTIONS);
}

/** The best anchors by their best class, then the best classes of those: what an end-to-end model does with its last layer. */
function bestAnchors(scores: Float32Array, image: number, shape: HeadShape, least: number): Candidate[] {
  const { classes, anchors } = shape;
  const start = image * classes * anchors.count;
  const top = new Float32Array(anchors.count).fill(-Infinity);
  for (let label = 0; label < classes; label++)
    for (let anchor = 0, at = start + label * anchors.count; anchor < anchors.count; anchor++, at++)
      if (scores[at]! > top[anchor]!) top[anchor] = scores[at]!;
  const chosen: Candidate[] = [];
  for (const [anchor, logit] of top.entries()) if (logit > least) chosen.push({ anchor, label: 0, logit });
  const every = best(chosen, MAX_DETECTIONS).flatMap(({ anchor }) =>
    Array.from({ length: classes }, (_, label) => ({
      anchor,
      label,
      logit: scores[start + label * anchors.count + anchor]!,
    })),
  );
  return best(
    every.filter(({ logit }) => logit > least),
    MAX_DETECTIONS,
  );
}

function candidatesAbove(scores: Float32Array, image: number, shape: HeadShape, least: number): Candidate[] {
  const { classes, anchors } = shape;
  const found: Candidate[] = [];
  for (let label = 0, at = image * classes * anchors.count; label < classes; label++)
    for (let anchor = 0; anchor < anchors.count; anchor++, at++)
      if (scores[at]! > least) found.push({ anchor, label, logit: scores[at]! });
  return found;
}

function best(candidates: Candidate[], count: number): Candidate[] {
  return candidates.sort((a, b) => b.logit - a.logit).slice(0, count);
}

function boxAt(boxes: Float32Array, image: number, anchor: number, shape: HeadShape): readonly number[] {
  const { anchors, regMax } = shape;
  const probabilities = new Float64Array(regMax);
  const [x, y, stride] = [anchors.x[anchor]!, anchors.y[anchor]!, anchors.stride[anchor]!];
  return Array.from({ length: SIDES }, (_, side) => {
    const distance = distanceAt(boxes, placeOf(shape, image, anchor, side), shape, probabilities);
    return (side % 2 === 0 ? x : y) + (side < 2 ? -1 : 1) * stride * distance;
  });
}
