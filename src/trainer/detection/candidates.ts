/** From a head's raw outputs to detections: those above a confidence, best first, without their duplicates. */
import { type Detection, type Detections, detectionsOf, MAX_DETECTIONS } from './detections.ts';
import { distanceAt, type HeadOutputs, type HeadShape, placeOf, sigmoid, SIDES } from './heads.ts';
import { nonMaximumSuppression } from './suppress.ts';

export interface DecodeOptions {
  /** Detections must have more. */
  readonly confidence: number;
  /** Of two boxes of a class that overlap more, the better stays. Null for a one-to-one head, which answers once for each object. */
  readonly overlap: number | null;
  /** An anchor is only what it most likely is: Ultralytics predicts so, and validates with every class of an anchor. */
  readonly oneClass?: boolean;
}

/** Of Ultralytics' validation: nearly everything counts, since average precision is about the order. */
export const VALIDATION: DecodeOptions = { confidence: 0.001, overlap: 0.7 };

/** More would only be sorted in vain: no image has as many objects. */
const MAX_CANDIDATES = 30_000;

/** One class at one anchor. */
interface Candidate {
  readonly anchor: number;
  readonly label: number;
  /** A logit or a probability: what grows with the confidence. */
  readonly score: number;
}

/** An image's scores, whatever they are, and what they mean. */
interface Answers {
  /** `[classes, anchors]`. */
  readonly scores: Float32Array;
  readonly anchors: number;
  /** Scores must be above. */
  readonly least: number;
  readonly confidenceOf: (score: number) => number;
  readonly boxOf: (anchor: number) => readonly number[];
}

/** The detections of an image of the batch, in pixels of the input. An anchor may be several classes. */
export function decodeDetections(
  outputs: HeadOutputs,
  image: number,
  shape: HeadShape,
  { confidence, ...options }: DecodeOptions,
): Detections {
  const size = shape.classes * shape.anchors.count;
  return settled(
    {
      scores: outputs.scores.subarray(image * size, (image + 1) * size),
      anchors: shape.anchors.count,
      least: Math.log(confidence / (1 - confidence)),
      confidenceOf: sigmoid,
      boxOf: (anchor) => boxAt(outputs.boxes, image, anchor, shape),
    },
    options,
  );
}

/** The same of one image's decoded answers, `[4 + classes, anchors]`: centre and size of each box in pixels, then probabilities. */
export function decodedDetections(
  output: Float32Array,
  anchors: number,
  { confidence, ...options }: DecodeOptions,
): Detections {
  const at = (row: number, anchor: number): number => output[row * anchors + anchor]!;
  return settled(
    {
      scores: output.subarray(SIDES * anchors),
      anchors,
      least: confidence,
      confidenceOf: (score) => score,
      boxOf: (anchor) => {
        const [x, y, width, height] = [at(0, anchor), at(1, anchor), at(2, anchor), at(3, anchor)];
        return [x - width / 2, y - height / 2, x + width / 2, y + height / 2];
      },
    },
    options,
  );
}

function settled(answers: Answers, { overlap, oneClass = false }: Omit<DecodeOptions, 'confidence'>): Detections {
  const boxes = new Map<number, readonly number[]>();
  const boxOf = (anchor: number): readonly number[] => {
    let box = boxes.get(anchor);
    if (box === undefined) boxes.set(anchor, (box = answers.boxOf(anchor)));
    return box;
  };
  const decoded = ({ anchor, label, score }: Candidate): Detection => ({
    box: boxOf(anchor),
    label,
    score: answers.confidenceOf(score),
  });
  if (overlap === null) return detectionsOf(bestAnchors(answers).map(decoded));
  const found = best(oneClass ? likeliest(answers) : candidatesAbove(answers), MAX_CANDIDATES);
  return nonMaximumSuppression(found.map(decoded), overlap, MAX_DETECTIONS);
}

/** The best anchors by their best class, then the best classes of those: what an end-to-end model does with its last layer. */
function bestAnchors({ scores, anchors, least }: Answers): Candidate[] {
  const classes = scores.length / anchors;
  const top = new Float32Array(anchors).fill(-Infinity);
  for (let label = 0, at = 0; label < classes; label++)
    for (let anchor = 0; anchor < anchors; anchor++, at++) if (scores[at]! > top[anchor]!) top[anchor] = scores[at]!;
  const chosen: Candidate[] = [];
  for (const [anchor, score] of top.entries()) if (score > least) chosen.push({ anchor, label: 0, score });
  const every = best(chosen, MAX_DETECTIONS).flatMap(({ anchor }) =>
    Array.from({ length: classes }, (_, label) => ({ anchor, label, score: scores[label * anchors + anchor]! })),
  );
  return best(
    every.filter(({ score }) => score > least),
    MAX_DETECTIONS,
  );
}

function candidatesAbove({ scores, anchors, least }: Answers): Candidate[] {
  const found: Candidate[] = [];
  for (let at = 0; at < scores.length; at++)
    if (scores[at]! > least) found.push({ anchor: at % anchors, label: Math.floor(at / anchors), score: scores[at]! });
  return found;
}

/** Of each anchor the best class. */
function likeliest({ scores, anchors, least }: Answers): Candidate[] {
  const found: Candidate[] = [];
  for (let anchor = 0; anchor < anchors; anchor++) {
    let at = anchor;
    for (let other = anchor + anchors; other < scores.length; other += anchors)
      if (scores[other]! > scores[at]!) at = other;
    if (scores[at]! > least) found.push({ anchor, label: Math.floor(at / anchors), score: scores[at]! });
  }
  return found;
}

function best(candidates: Candidate[], count: number): Candidate[] {
  return candidates.sort((a, b) => b.score - a.score).slice(0, count);
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
