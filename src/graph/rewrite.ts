/** Graph in, graph out: how every pass is written. */
import { nameOf } from './ir.ts';
import type { Graph, Node, Value } from './ir.ts';

/** Where a pass stands in the new graph. */
export interface Site {
  readonly graph: Graph;
  readonly node: Node;
  /** The node's inputs, in the new graph. */
  readonly inputs: readonly (Value | undefined)[];
}

/** What stands in for a node: its outputs, written into the new graph; undefined copies the node as it is. */
export type Visit = (site: Site) => readonly Value[] | undefined;

export interface Rewriting {
  readonly visit?: Visit;
  /** Nodes that are left out; nothing that stays may read them. */
  readonly skip?: (node: Node) => boolean;
  /** What an input, a constant or a result of a skipped node is in the new graph; undefined copies the first two. */
  readonly replace?: (leaf: Value, graph: Graph) => Value | undefined;
}

/** A new graph, node by node. Inputs and outputs keep their names; constants come along when something reads them. */
export function rewrite(from: Graph, rewriting: Rewriting): Graph {
  const graph = from.empty();
  for (const [name, value] of embed(from, graph, rewriting)) graph.output(name, value);
  return graph;
}

/** A graph, or part of one. */
interface GraphPart {
  readonly inputs: readonly Value[];
  readonly nodes: readonly Node[];
  readonly outputs: ReadonlyMap<string, Value>;
}

/** Writes one graph into another; returns what its outputs are there. */
export function embed(from: GraphPart, graph: Graph, { visit, skip, replace }: Rewriting): Map<string, Value> {
  const values = new Map<Value, Value>();
  const copied = (old: Value): Value => {
    const known = values.get(old);
    if (known !== undefined) return known;
    const leaf = replace?.(old, graph) ?? copyLeaf(old, graph);
    values.set(old, leaf);
    return leaf;
  };
  // Inputs first and in order: they are a graph's signature, read or not.
  from.inputs.forEach(copied);
  for (const node of from.nodes) {
    if (skip?.(node)) continue;
    const inputs = node.inputs.map((input) => input && copied(input));
    const outputs = visit?.({ graph, node, inputs }) ?? graph.apply(node.op, inputs, node.attributes, node.module);
    node.outputs.forEach((output, index) => {
      const replacement = outputs[index];
      if (replacement !== undefined) values.set(output, replacement);
    });
  }
  return new Map([...from.outputs].map(([name, value]) => [name, copied(value)]));
}

function copyLeaf(old: Value, graph: Graph): Value {
  switch (old.source.kind) {
    case 'constant':
      return graph.constant(old.source.tensor, old.source.name);
    case 'input':
      return graph.input(nameOf(old)!, old.shape, old.dtype, { trainable: old.source.trainable });
    case 'node':
      throw new Error(`${old.source.node.op} is read before it is written`);
  }
}
