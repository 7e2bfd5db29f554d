/**
 * Cuts a graph where its frozen bottom ends: what lies below the lowest trained value gives the same result for the same image every
 * time, so it can be computed once and kept. The cut is the last single value through which everything from the images must pass before
 * anything trained touches it: one tensor an image is then all there is to keep.
 */
import { transpose } from '../build.ts';
import { dependents } from '../dependents.ts';
import { isTrainable } from '../ir.ts';
import type { Graph, Node, Value } from '../ir.ts';
import { embed } from '../rewrite.ts';
import { sameDim, symbol } from '../shape.ts';
import { eliminateDeadCode } from './eliminate-dead-code.ts';

export interface FrozenSplit {
  /** The input `source` → the output `features`. */
  readonly bottom: Graph;
  /** The input `features`, and whatever was fed beside `source`, → the graph's outputs. */
  readonly top: Graph;
  /** The features of one image. */
  readonly shape: readonly number[];
}

/**
 * `source` is the input that changes from batch to batch along the dimension `batch`. The new input and output `features` has the batch
 * first. Undefined where there is no such value.
 */
export function splitFrozen(graph: Graph, source: Value, features: string, batch: string): FrozenSplit | undefined {
  const cut = findCut(graph, source, batch);
  if (cut === undefined) return undefined;
  const { value, axis, below, moving } = cut;
  const batchFirst = [axis, ...[...value.shape.keys()].filter((index) => index !== axis)];
  const shape = batchFirst.slice(1).map((index) => value.shape[index] as number);

  const bottom = graph.empty();
  const nodes = graph.nodes.filter((node) => below.has(node));
  const written = embed({ inputs: [source], nodes, outputs: new Map([[features, value]]) }, bottom, {});
  bottom.output(features, transpose(written.get(features)!, batchFirst));

  const top = graph.empty();
  const kept = top.input(features, [symbol(batch), ...shape]);
  const inputs = graph.inputs.filter((input) => input !== source);
  const back = [...value.shape.keys()].map((index) => batchFirst.indexOf(index));
  const outputs = embed({ inputs, nodes: graph.nodes, outputs: graph.outputs }, top, {
    // Nodes of constants alone may serve both parts.
    skip: (node) => below.has(node) && node.outputs.some((output) => moving.has(output)),
    replace: (leaf) => (leaf === value ? transpose(kept, back) : undefined),
  });
  for (const [name, output] of outputs) top.output(name, output);
  return { bottom: eliminateDeadCode(bottom), top: eliminateDeadCode(top), shape };
}

interface Cut {
  readonly value: Value;
  /** Where the batch lies in its shape. */
  readonly axis: number;
  /** The nodes up to the cut that nothing trained reaches. */
  readonly below: ReadonlySet<Node>;
  /** What depends on the source. */
  readonly moving: ReadonlySet<Value>;
}

function findCut(graph: Graph, source: Value, batch: string): Cut | undefined {
  const trained = dependents(graph.nodes, graph.inputs.filter(isTrainable));
  const moving = dependents(graph.nodes, [source]);
  const lastReader = lastReaders(graph);
  const below = new Set<Node>();
  // Values from the source that a later node still reads: where there is one alone, everything passes through it.
  const live = new Set<Value>([source]);
  let best: { value: Value; axis: number; nodes: number } | undefined;
  for (const [index, node] of graph.nodes.entries()) {
    const isTrained = node.outputs.some((output) => trained.has(output));
    const isMoving = node.outputs.some((output) => moving.has(output));
    if (isTrained && isMoving) break;
    if (!isTrained) below.add(node);
    if (!isMoving) continue;
    for (const output of node.outputs) live.add(output);
    for (const value of live) if ((lastReader.get(value) ?? -1) <= index) live.delete(value);
    const [only] = live;
    const axis = only !== undefined && live.size === 1 ? batchAxis(only, batch) : undefined;
    if (axis !== undefined) best = { value: only!, axis, nodes: below.size };
  }
  return best && { ...best, below: new Set([...below].slice(0, best.nodes)), moving };
}

/** Position of the last node that reads a value; Infinity for an output of the graph. */
function lastReaders(graph: Graph): Map<Value, number> {
  const readers = new Map<Value, number>();
  graph.nodes.forEach((node, index) => {
    for (const input of node.inputs) if (input !== undefined) readers.set(input, index);
  });
  for (const output of graph.outputs.values()) readers.set(output, Infinity);
  return readers;
}

/** The one axis that is the batch itself; undefined where the batch is folded into another axis. */
function batchAxis({ shape }: Value, batch: string): number | undefined {
  const symbolic = [...shape.keys()].filter((axis) => typeof shape[axis] !== 'number');
  const [axis] = symbolic;
  return symbolic.length === 1 && sameDim(shape[axis!]!, symbol(batch)) ? axis : undefined;
}
