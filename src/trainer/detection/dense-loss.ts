/**
 * The loss of a detection head (loss.ts) as a part of a graph, with its gradient by the raw outputs: what a GPU computes in less time than it
 * takes to bring a million predictions to the host. Boxes of anchors that answer for none weigh nothing.
 */
import { gradients } from '../../graph/autodiff.ts';
import {
  abs,
  add,
  cast,
  clip,
  div,
  equal,
  exp,
  expand,
  gatherElements,
  greater,
  log,
  maximum,
  mul,
  neg,
  reduceMax,
  reduceSum,
  relu,
  reshape,
  sigmoid,
  slice,
  stopGradient,
  sub,
  transpose,
  where,
} from '../../graph/build.ts';
import type { Graph, Value } from '../../graph/ir.ts';
import { float32 } from '../../graph/tensor.ts';
import type { Anchors } from '../../models/anchors.ts';
import { assignDensely } from './dense-assign.ts';
import type { DenseAssignment } from './dense-assign.ts';
import { completeIouOf } from './dense-overlap.ts';
import type { Sides } from './dense-overlap.ts';
import { TARGET } from './dense-targets.ts';
import { SIDES } from './heads.ts';
import { BELOW_LAST_BIN } from './loss.ts';
import type { LossOptions } from './loss.ts';

interface DenseInputs {
  /** [B, 4 · regMax, A], float32. */
  readonly boxes: Value;
  /** [B, C, A], float32. */
  readonly scores: Value;
  /** [B, M, …], as dense-targets.ts writes them. */
  readonly targets: Value;
  /** [B]: 0 for images that take no part. */
  readonly weights: Value;
}

interface DenseLoss {
  /** Scalars, each with its gain. */
  readonly parts: { readonly box: Value; readonly classes: Value; readonly distances: Value };
  /** Of their sum by the raw outputs. */
  readonly boxes: Value;
  readonly scores: Value;
}

export function lossDensely(inputs: DenseInputs, options: LossOptions): DenseLoss {
  const { shape, gains } = options;
  const { anchors, regMax } = shape;
  const { boxes, scores, targets } = inputs;
  const [batch] = boxes.shape;
  // [B, 4, regMax, A].
  const logits = reshape(boxes, [batch!, SIDES, regMax, anchors.count]);
  const distribution = regMax === 1 ? undefined : softmaxOverBins(logits);
  const probabilities = distribution?.probabilities;
  const bins = boxes.graph.constant(
    float32(
      [regMax, 1],
      Float32Array.from({ length: regMax }, (_, bin) => bin),
    ),
  );
  const raw = probabilities && reduceSum(mul(probabilities, bins), { axes: [2] });
  // [B, 4, A], in strides.
  const distances = raw ?? boxes;
  const corners = cornersAt(stopGradient(distances), anchors);
  const assignment = assignDensely({ corners, scores, targets }, anchors, options.assign);
  const { label } = assignment;
  const total = maximum(reduceSum(label, { axes: [0, 1, 2] }), 1);
  const matched = matchedTo(assignment, targets, anchors);
  const weight = div(label, total);
  const classes = classLoss(inputs, { label, total, matched: matched.label }, gains.classes);

  // Anchors without a box keep out of it altogether: what they predict may have no area, and 0 · ∞ is no 0.
  const own = where(expand(greater(label, 0), distances.shape), distances, 1);
  const overlap = completeIouOf(cornersAt(own, anchors), matched.corners);
  const box = mul(sumOf(mul(weight, sub(1, overlap))), gains.box);
  const wanted = wantedDistances(matched.corners, anchors);
  const each = mul(weight, gains.distances / SIDES);
  if (distribution === undefined || probabilities === undefined) {
    const parts = mul(mul(each, unitsOf(options, boxes.graph)), abs(sub(own, wanted)));
    const far = sumOf(parts);
    const [byBoxes] = gradients(add(box, far), [distances]);
    return { parts: { box, classes: classes.loss, distances: far }, boxes: byBoxes!, scores: classes.gradient };
  }
  const [byDistance] = gradients(box, [distances]);
  const bounded = clip(wanted, { min: 0, max: regMax - 1 - BELOW_LAST_BIN });
  // [B, 4, regMax, A]: of the two bins around the distance that is wanted the share of each, linearly.
  const shares = relu(sub(1, abs(sub(bins, overBins(bounded)))));
  // −Σ shares · ln p, of shares that sum to 1: no probability is too small for it.
  const surprise = sub(distribution.logOfSum, reduceSum(mul(shares, distribution.below), { axes: [2] }));
  const towards = mul(mul(overBins(byDistance!), probabilities), sub(bins, overBins(distances)));
  const apart = mul(overBins(each), sub(probabilities, shares));
  return {
    parts: { box, classes: classes.loss, distances: sumOf(mul(each, surprise)) },
    boxes: reshape(add(towards, apart), boxes.shape),
    scores: classes.gradient,
  };
}

interface Distribution {
  /** [B, 4, regMax, A]. */
  readonly probabilities: Value;
  /** Logits less the largest of them, of the same shape: ln p plus `logOfSum`. */
  readonly below: Value;
  /** [B, 4, A]. */
  readonly logOfSum: Value;
}

/** Not as Softmax: engines turn the axis to the end and back for it. */
function softmaxOverBins(logits: Value): Distribution {
  const below = sub(logits, reduceMax(logits, { axes: [2], keepDims: true }));
  const weights = exp(below);
  const sum = reduceSum(weights, { axes: [2], keepDims: true });
  const [batch, sides, , anchors] = logits.shape;
  return { probabilities: div(weights, sum), below, logOfSum: reshape(log(sum), [batch!, sides!, anchors!]) };
}

/** [B, 4, A] → four of [B, 1, A], in pixels. */
function cornersAt(distances: Value, { x, y, stride, count }: Anchors): Sides {
  const { graph } = distances;
  const strides = graph.constant(float32([1, count], stride));
  return [0, 1, 2, 3].map((side) => {
    const middle = graph.constant(float32([1, 1, count], side % 2 === 0 ? x : y));
    const distance = mul(slice(distances, 1, side, side + 1), strides);
    return side < 2 ? sub(middle, distance) : add(middle, distance);
  }) as unknown as Sides;
}

/** Of each anchor the corners and the class of the box it answers for, [B, 1, A]; any box's where it answers for none. */
function matchedTo({ target }: DenseAssignment, targets: Value, { count }: Anchors): { corners: Sides; label: Value } {
  const columns = TARGET.label + 1;
  const turned = transpose(slice(targets, 2, 0, columns), [0, 2, 1]);
  const matched = gatherElements(turned, expand(target, [targets.shape[0]!, columns, count]), 2);
  const column = (at: number): Value => slice(matched, 1, at, at + 1);
  return {
    corners: [0, 1, 2, 3].map((side) => column(TARGET.corners + side)) as unknown as Sides,
    label: cast(column(TARGET.label), 'int32'),
  };
}

/** [B, 4, A], in strides. */
function wantedDistances([x1, y1, x2, y2]: Sides, { x, y, stride, count }: Anchors): Value {
  const { graph } = x1;
  const strides = graph.constant(float32([1, 1, count], stride));
  const [middleX, middleY] = [x, y].map((values) => graph.constant(float32([1, 1, count], values)));
  const sides = [sub(middleX!, x1), sub(middleY!, y1), sub(x2, middleX!), sub(y2, middleY!)];
  return graph.apply(
    'Concat',
    sides.map((side) => div(side, strides)),
    { axis: 1 },
  )[0]!;
}

/** [1, 4, A]: a stride in parts of the image's width or height. */
function unitsOf({ shape: { anchors }, size }: LossOptions, graph: Graph): Value {
  const units = [size.width, size.height, size.width, size.height].flatMap((length) =>
    Array.from(anchors.stride, (stride) => stride / length),
  );
  return graph.constant(float32([1, SIDES, anchors.count], units));
}

/** Binary cross-entropy against soft labels: softplus(x) − x·label. */
function classLoss(
  { scores, weights }: DenseInputs,
  { label, total, matched }: { label: Value; total: Value; matched: Value },
  gain: number,
): { loss: Value; gradient: Value } {
  const { graph } = scores;
  const count = scores.shape[1] as number;
  const classes = graph.constant({
    dtype: 'int32',
    shape: [count, 1],
    data: Int32Array.from({ length: count }, (_, i) => i),
  });
  const wanted = mul(cast(equal(matched, classes), 'float32'), label);
  const counted = reshape(weights, [weights.shape[0]!, 1, 1]);
  const scale = div(gain, total);
  const softplus = add(relu(scores), log(add(exp(neg(abs(scores))), 1)));
  const loss = mul(sumOf(sub(mul(softplus, counted), mul(scores, wanted))), scale);
  return { loss, gradient: mul(sub(mul(sigmoid(scores), counted), wanted), scale) };
}

function overBins(x: Value): Value {
  return reshape(x, [x.shape[0]!, x.shape[1]!, 1, x.shape[2]!]);
}

function sumOf(x: Value): Value {
  return reduceSum(x, { axes: x.shape.map((_, axis) => axis) });
}
