/**
 * A detector as Ultralytics exports it: `images` [B, 3, height, width] of 0…1 → `output0` [B, 4 + classes, anchors], for each anchor the centre and
 * the size of its box in pixels and the probability of each class, before non-maximum suppression.
 */
import { add, concat, mul, reduceSum, reshape, sigmoid, softmax, split, sub } from '../../graph/build.ts';
import { nameOf } from '../../graph/ir.ts';
import type { Graph, Value } from '../../graph/ir.ts';
import { eliminateDeadCode } from '../../graph/passes/eliminate-dead-code.ts';
import { embed } from '../../graph/rewrite.ts';
import type { Dim } from '../../graph/shape.ts';
import { float32 } from '../../graph/tensor.ts';
import { anchorsOf } from '../../models/anchors.ts';
import type { Anchors } from '../../models/anchors.ts';
import { PIXELS } from '../../models/base.ts';
import type { Detection, DetectionBranch, ImageSize } from '../../models/base.ts';

export const INPUT = 'images';
export const OUTPUT = 'output0';

const SIDES = 4;

/** Of a graph that gives raw outputs, which come along `withRaw`; what the branch that predicts does not need is dropped where it is written. */
export function decodedGraph(raw: Graph, detection: Detection, size: ImageSize, withRaw = false): Graph {
  const graph = raw.empty();
  const outputs = embed(raw, graph, {
    replace: (leaf, to) =>
      leaf.source.kind === 'input' && nameOf(leaf) === PIXELS ? to.input(INPUT, leaf.shape, leaf.dtype) : undefined,
  });
  const branch = detection.branches.at(-1)!;
  const boxes = decoded(outputs.get(branch.boxes)!, detection, anchorsOf(size, detection.strides));
  if (withRaw) for (const name of [branch.boxes, branch.scores]) graph.output(name, outputs.get(name)!);
  graph.output(OUTPUT, concat([boxes, sigmoid(outputs.get(branch.scores)!)], 1));
  return graph;
}

/** What one branch puts out, and nothing that it does not need. */
export function rawGraph(network: Graph, branch: DetectionBranch): Graph {
  const graph = network.empty();
  const outputs = embed(network, graph, {});
  for (const name of [branch.boxes, branch.scores]) graph.output(name, outputs.get(name)!);
  return eliminateDeadCode(graph);
}

/** Raw [B, 4·regMax, anchors] → [B, 4, anchors]: centre and size. */
function decoded(raw: Value, { regMax }: Detection, { count, x, y, stride }: Anchors): Value {
  const { graph } = raw;
  const distances = mul(inStrides(raw, regMax), graph.constant(float32([1, 1, count], stride)));
  const [before, after] = split(distances, 1, [2, 2]) as [Value, Value];
  const middles = graph.constant(float32([1, 2, count], Float32Array.of(...x, ...y)));
  // The corners are middle − before and middle + after.
  const centre = add(middles, mul(sub(after, before), 0.5));
  return concat([centre, add(before, after)], 1);
}

/** Distances to left, top, right and bottom: the mean of a distribution over bins, or what is told itself. */
function inStrides(raw: Value, regMax: number): Value {
  if (regMax === 1) return raw;
  const [batch, , anchors] = raw.shape as readonly [Dim, number, number];
  const bins = raw.graph.constant(
    float32(
      [1, 1, regMax, 1],
      Float32Array.from({ length: regMax }, (_, bin) => bin),
    ),
  );
  const shares = softmax(reshape(raw, [batch, SIDES, regMax, anchors]), 2);
  return reduceSum(mul(shares, bins), { axes: [2] });
}
