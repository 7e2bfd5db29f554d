/**
 * The weights and biases of convolutions under the names they have in the state dict: folding leaves them nameless, and who opens the
 * file again, to train it or to look at it, finds its modules by them.
 */
import { nameOf } from '../../graph/ir.ts';
import type { Graph, Node, Value } from '../../graph/ir.ts';
import { rewrite } from '../../graph/rewrite.ts';

const PARAMETERS = [undefined, 'weight', 'bias'];

export function namedParameters(graph: Graph): Graph {
  const names = new Map<Value, string>();
  for (const node of graph.nodes) for (const [value, name] of parametersOf(node)) names.set(value, name);
  return rewrite(graph, {
    replace: (leaf, to) => {
      const name = names.get(leaf);
      return name !== undefined && leaf.source.kind === 'constant' ? to.constant(leaf.source.tensor, name) : undefined;
    },
  });
}

function parametersOf({ op, module, inputs }: Node): [Value, string][] {
  if (op !== 'Conv' || module === undefined) return [];
  return PARAMETERS.flatMap((name, index): [Value, string][] => {
    const input = inputs[index];
    const nameless = input?.source.kind === 'constant' && nameOf(input) === undefined;
    return name !== undefined && nameless ? [[input, `${module}.${name}`]] : [];
  });
}
