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
  const { nodes } = graph;
  const trained = dependents(nodes, graph.inputs.filter(isTrainable));
  const moving = dependents(nodes, [source]);
  const isTrained = ({ outputs }: Node): boolean => outputs.some((output) => trained.has(output));
  const first = nodes.findIndex((node) => isTrained(node) && node.outputs.some((output) => moving.has(output)));
  const passage = passagesOf(graph, source, batch, first < 0 ? nodes.length : first).at(-1);
  if (passage === undefined) return undefined;
  const below = new Set(nodes.slice(0, passage.index + 1).filter((node) => !isTrained(node)));
  return { ...passage, below, moving };
}

/** A single value through which all that comes from the source passes on its way. */
export interface Bottleneck {
  readonly value: Value;
  /** Of the node after which nothing else from the source is still to be read. */
  readonly index: number;
}

/** One that holds images side by side. */
export interface Passage extends Bottleneck {
  /** Where the batch lies in its shape. */
  readonly axis: number;
}

interface PartOfGraph {
  readonly nodes: readonly Node[];
  readonly outputs: ReadonlyMap<string, Value>;
}

/** Those among the first `count` nodes, in order. */
export function passagesOf(graph: PartOfGraph, source: Value, batch: string, count?: number): Passage[] {
  return bottlenecksOf(graph, source, count).flatMap((place) => {
    const axis = batchAxis(place.value, batch);
    return axis === undefined ? [] : [{ ...place, axis }];
  });
}

/** Those among the first `count` nodes, in order. */
export function bottlenecksOf(graph: PartOfGraph, source: Value, count = graph.nodes.length): Bottleneck[] {
  const moving = dependents(graph.nodes, [source]);
  const lastReader = lastReaders(graph);
  // Values from the source that a later node still reads: where there is one alone, everything passes through it.
  const live = new Set<Value>([source]);
  const places: Bottleneck[] = [];
  for (const [index, node] of graph.nodes.slice(0, count).entries()) {
    if (!node.outputs.some((output) => moving.has(output))) continue;
    for (const output of node.outputs) live.add(output);
    for (const value of live) if ((lastReader.get(value) ?? -1) <= index) live.delete(value);
    const [only] = live;
    if (only !== undefined && live.size === 1) places.push({ value: only, index });
  }
  return places;
}

/** Position of the last node that reads a value; Infinity for an output of the graph. */
function lastReaders(graph: PartOfGraph): Map<Value, number> {
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
