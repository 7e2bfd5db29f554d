/** Common subexpressions: a node that an earlier one computes already is that one. */
import type { Graph, Value } from '../ir.ts';
import { rewrite } from '../rewrite.ts';

export function shareCommon(graph: Graph): Graph {
  const seen = new Map<string, readonly Value[]>();
  return rewrite(graph, {
    visit: ({ graph: to, node: { op, attributes, module }, inputs }) => {
      const key = JSON.stringify([op, inputs.map((input) => input?.id ?? null), attributes, module ?? null]);
      const outputs = seen.get(key) ?? to.apply(op, inputs, attributes, module);
      seen.set(key, outputs);
      return outputs;
    },
  });
}
