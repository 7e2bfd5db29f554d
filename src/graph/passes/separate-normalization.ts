/**
 * Takes scale and offset out of each LayerNormalization, so that the normalised x itself is what is kept and its gradient reads: where an engine fuses
 * element-wise operators, or launches of small kernels cost more than passes over memory. Elsewhere fold-normalization.ts saves those passes.
 */
import { add, mul } from '../build.ts';
import type { Graph } from '../ir.ts';
import { rewrite } from '../rewrite.ts';

export function separateNormalization(graph: Graph): Graph {
  return rewrite(graph, {
    visit: ({ graph: to, node, inputs: [x, scale, offset] }) => {
      if (node.op !== 'LayerNormalization' || scale === undefined) return undefined;
      const [normal, ...statistics] = to.apply(node.op, [x, undefined, undefined], node.attributes, node.module);
      const scaled = mul(normal!, scale);
      return [offset === undefined ? scaled : add(scaled, offset), ...statistics];
    },
  });
}
