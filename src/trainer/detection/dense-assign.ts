/**
 * Task-aligned assignment (assign.ts) as a part of a graph: every box with every anchor, [B, M, A], which a GPU goes through faster than
 * predictions reach the host. Two anchors of the very same metric may both be a box's last one here, where the host takes the earlier.
 */
import {
  add,
  cast,
  div,
  equal,
  expand,
  gatherElements,
  greater,
  greaterOrEqual,
  minimum,
  mul,
  pow,
  reduceMax,
  reduceSum,
  relu,
  sigmoid,
  slice,
  sub,
  topValues,
  where,
} from '../../graph/build.ts';
import type { Value } from '../../graph/ir.ts';
import { float32 } from '../../graph/tensor.ts';
import type { Anchors } from '../../models/anchors.ts';
import { EPSILON } from './assign.ts';
import type { AssignOptions } from './assign.ts';
import { completeIouOf } from './dense-overlap.ts';
import type { Sides } from './dense-overlap.ts';
import { FIRST_RANK, sidesOf, TARGET } from './dense-targets.ts';

/** Of each anchor: the true box it answers for, 0 where it is none, and its soft label, 0 where it is none. */
export interface DenseAssignment {
  /** int32 [B, 1, A]. */
  readonly target: Value;
  /** [B, 1, A]. */
  readonly label: Value;
}

/** `corners` [B, 1, A] in pixels, `scores` [B, C, A] logits, `targets` [B, M, …] as dense-targets.ts writes them. */
export function assignDensely(
  { corners, scores, targets }: { corners: Sides; scores: Value; targets: Value },
  anchors: Anchors,
  { topk, kept, alpha, beta }: AssignOptions,
): DenseAssignment {
  const rank = slice(targets, 2, TARGET.rank, TARGET.rank + 1);
  const overlap = mul(relu(completeIouOf(corners, sidesOf(targets, TARGET.corners))), insideOf(targets, rank, anchors));
  const metric = mul(pow(probabilityOf(scores, targets, overlap), alpha), pow(overlap, beta));
  const least = slice(topValues(metric, topk), 2, topk - 1, topk);
  const claims = mul(truth(greaterOrEqual(metric, least)), truth(greater(metric, 0)));
  const owner = settle(claims, overlap, rank);
  const owned = ownedBy(owner, rank);
  const mine = kept === topk ? owned : mul(owned, bestOf(mul(metric, owned), kept));
  const metricOfMine = mul(metric, mine);
  const most = reduceMax(metricOfMine, { axes: [2], keepDims: true });
  const mostOverlap = reduceMax(mul(overlap, mine), { axes: [2], keepDims: true });
  const label = reduceSum(mul(metricOfMine, div(mostOverlap, add(most, EPSILON))), { axes: [1], keepDims: true });
  const place = where(greater(owner, 0), sub(FIRST_RANK, owner), 0);
  return { target: cast(place, 'int32'), label };
}

/** [B, M, A]: 1 where an anchor lies in the area in which a box looks for anchors, 0 for boxes that are padding. */
function insideOf(targets: Value, rank: Value, { x, y, count }: Anchors): Value {
  const { graph } = targets;
  const [middleX, middleY] = [x, y].map((values) => graph.constant(float32([1, 1, count], values)));
  const [x1, y1, x2, y2] = sidesOf(targets, TARGET.area);
  const across = minimum(sub(middleX!, x1), sub(x2, middleX!));
  const down = minimum(sub(middleY!, y1), sub(y2, middleY!));
  return mul(truth(greater(minimum(across, down), EPSILON)), truth(greater(rank, 0)));
}

/** [B, M, A]: each anchor's probability of each box's class. */
function probabilityOf(scores: Value, targets: Value, like: Value): Value {
  const classes = cast(slice(targets, 2, TARGET.label, TARGET.label + 1), 'int32');
  return sigmoid(gatherElements(scores, expand(classes, like.shape), 1));
}

/** [B, 1, A]: the rank of the box that gets an anchor, 0 for none. What several claim gets the one that it overlaps most. */
function settle(claims: Value, overlap: Value, rank: Value): Value {
  const claimed = reduceSum(claims, { axes: [1], keepDims: true });
  const highest = (of: Value): Value => reduceMax(mul(of, rank), { axes: [1], keepDims: true });
  const most = reduceMax(overlap, { axes: [1], keepDims: true });
  const closest = mul(truth(greaterOrEqual(overlap, most)), truth(greater(overlap, 0)));
  return where(greater(claimed, 1.5), highest(closest), highest(claims));
}

function ownedBy(owner: Value, rank: Value): Value {
  return mul(truth(equal(rank, owner)), truth(greater(owner, 0)));
}

/** [B, M, A]: 1 at the one anchor that a box keeps. */
function bestOf(metric: Value, kept: number): Value {
  if (kept !== 1) throw new Error(`a box keeps one anchor or all, not ${kept}`);
  const most = reduceMax(metric, { axes: [2], keepDims: true });
  return mul(truth(greaterOrEqual(metric, most)), truth(greater(metric, 0)));
}

function truth(condition: Value): Value {
  return cast(condition, 'float32');
}
