/** Common subexpressions: a node that an earlier one computes already is that one. */
import type { Graph, Value } from '../ir.ts';
import { rewrite } from '../rewrite.ts';

export function shareCommon(graph: Graph): Graph {
  const seen = new Map<string, readonly Value[]>();
  return rewrite(graph, ({ graph: to, node, inputs }) => {
    const key = `${node.op} ${inputs.map((input) => input?.id ?? '').join()} ${JSON.stringify(node.attributes)} ${node.module ?? ''}`;
    const existing = seen.get(key);
    if (existing !== undefined) return existing;
    const outputs = to.apply(node.op, inputs, node.attributes, node.module);
    seen.set(key, outputs);
    return outputs;
  }).graph;
}
