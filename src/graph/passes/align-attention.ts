/**
 * Attention whose lengths are filled up to a multiple: for engines that multiply matrices of other lengths by single numbers instead of
 * by vectors of them. Where they are known, that is, and long enough for the products to outweigh the filling.
 */
import type { Graph } from '../ir.ts';
import { rewrite } from '../rewrite.ts';

const LEAST = 64;

export function alignAttention(graph: Graph, multiple: number): Graph {
  return rewrite(graph, {
    visit: ({ graph: to, node, inputs }) => {
      if (node.op !== 'Attention') return undefined;
      const lengths = [inputs[0], inputs[1]].map((tokens) => tokens!.shape[0]!);
      const isWorthIt = lengths.every(
        (length) => typeof length === 'number' && length >= LEAST && length % multiple !== 0,
      );
      return isWorthIt ? to.apply(node.op, inputs, { ...node.attributes, multiple }, node.module) : undefined;
    },
  });
}
