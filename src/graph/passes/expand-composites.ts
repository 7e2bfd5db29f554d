/** Replaces ops that are written with other ops by their bodies, until only ops remain that an engine knows. */
import type { Graph } from '../ir.ts';
import { lookUp } from '../registry.ts';
import { rewrite } from '../rewrite.ts';

export function expandComposites(graph: Graph): Graph {
  let current = graph;
  while (current.nodes.some(({ op }) => lookUp(op).expand !== undefined)) {
    current = rewrite(current, {
      visit: ({ node, inputs }) => lookUp(node.op).expand?.({ inputs, attributes: node.attributes }),
    });
  }
  return current;
}
