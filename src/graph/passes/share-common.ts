/** Common subexpressions: a node that an earlier one computes already is that one. */
import { nameOf } from '../ir.ts';
import type { Graph, Value } from '../ir.ts';
import { rewrite } from '../rewrite.ts';
import { bytesUnder } from '../tensor.ts';

/** What ops make anew each time they are written (class indices, interpolation matrices) is smaller; longer keys would cost more than they save. */
const MAX_COMPARED_BYTES = 2 ** 16;

export function shareCommon(graph: Graph): Graph {
  const nodes = new Map<string, readonly Value[]>();
  const constants = new Map<string, Value>();
  return rewrite(graph, {
    // Nameless constants are compared by content; a named one is a weight of the base and stays itself.
    replace: (leaf, to) => {
      if (leaf.source.kind !== 'constant' || nameOf(leaf) !== undefined) return undefined;
      const { tensor } = leaf.source;
      const bytes = bytesUnder(tensor);
      if (bytes.byteLength > MAX_COMPARED_BYTES) return undefined;
      const key = `${tensor.dtype} ${tensor.shape.join()} ${bytes.join()}`;
      const value = constants.get(key) ?? to.constant(tensor);
      constants.set(key, value);
      return value;
    },
    visit: ({ graph: to, node: { op, attributes, module }, inputs }) => {
      const key = JSON.stringify(
        [op, inputs.map((input) => input?.id ?? null), attributes, module ?? null],
        infinities,
      );
      const outputs = nodes.get(key) ?? to.apply(op, inputs, attributes, module);
      nodes.set(key, outputs);
      return outputs;
    },
  });
}

/** JSON writes both infinities as null; they pad differently. */
function infinities(_key: string, value: unknown): unknown {
  return typeof value === 'number' && !Number.isFinite(value) ? String(value) : value;
}
