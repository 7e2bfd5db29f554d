/** Drops nodes that no output needs. Inputs stay: what a caller feeds does not depend on what turned out to be needed. */
import type { Graph, Node } from '../ir.ts';
import { rewrite } from '../rewrite.ts';

export function eliminateDeadCode(graph: Graph): Graph {
  const live = liveNodes(graph);
  return rewrite(graph, { skip: (node) => !live.has(node) });
}

function liveNodes(graph: Graph): ReadonlySet<Node> {
  const live = new Set<Node>();
  for (const { source } of graph.outputs.values()) if (source.kind === 'node') live.add(source.node);
  for (const node of [...graph.nodes].reverse()) {
    if (!live.has(node)) continue;
    for (const input of node.inputs) if (input?.source.kind === 'node') live.add(input.source.node);
  }
  return live;
}
