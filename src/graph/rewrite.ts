/** Graph in, graph out: how every pass is written. */
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

export interface Rewritten {
  readonly graph: Graph;
  /** The new value of an old one that the new graph still computes. */
  readonly valueOf: (old: Value) => Value;
}

/** Walks a graph in order and writes a new one. Inputs and outputs keep their names; constants move as they are needed. */
export function rewrite(from: Graph, visit: Visit, keep: (node: Node) => boolean = () => true): Rewritten {
  const graph = from.empty();
  const values = new Map<Value, Value>();
  for (const input of from.inputs) {
    if (input.source.kind === 'input') {
      const { name, trainable } = input.source;
      values.set(input, graph.input(name, input.shape, input.dtype, { trainable }));
    }
  }
  const valueOf = (old: Value): Value => {
    const known = values.get(old);
    if (known !== undefined) return known;
    if (old.source.kind !== 'constant') throw new Error('a value is read before it is written');
    const constant = graph.constant(old.source.tensor, old.source.name);
    values.set(old, constant);
    return constant;
  };
  for (const node of from.nodes) {
    if (!keep(node)) continue;
    const inputs = node.inputs.map((input) => input && valueOf(input));
    const outputs = visit({ graph, node, inputs }) ?? graph.apply(node.op, inputs, node.attributes, node.module);
    node.outputs.forEach((output, index) => {
      const replacement = outputs[index];
      if (replacement !== undefined) values.set(output, replacement);
    });
  }
  for (const [name, value] of from.outputs) graph.output(name, valueOf(value));
  return { graph, valueOf };
}
