/**
 * Folds a frozen BatchNormalization into the convolution or linear layer before it: with f = γ / √(variance + ε),
 * W → f∘W and b → f∘(b − mean) + β. An adapter's B is multiplied by f inside the graph, so that the trained B, and the file, stay those of
 * the layer as published.
 */
import { mul, reshape } from '../build.ts';
import { constantOf } from '../ir.ts';
import type { Graph, Node, Value } from '../ir.ts';
import { rewrite } from '../rewrite.ts';
import { float32 } from '../tensor.ts';
import type { Tensor } from '../tensor.ts';

/** Position of the adapter's B among the inputs; ops that are not listed cannot take a factor. */
const B_INPUT: Readonly<Record<string, number | undefined>> = {
  Conv: undefined,
  Linear: undefined,
  LoraConv: 4,
  LoraLinear: 4,
};

export function foldBatchNormalization(graph: Graph): Graph {
  const readers = countReaders(graph);
  const folds = new Map<Node, { norm: Node; factor: Float32Array; offset: Float32Array }>();
  for (const norm of graph.nodes) {
    const source = norm.op === 'BatchNormalization' ? norm.inputs[0]?.source : undefined;
    if (source?.kind !== 'node' || !(source.node.op in B_INPUT) || readers.get(norm.inputs[0]!) !== 1) continue;
    const constants = norm.inputs.slice(1).map((input) => constantOf(input)?.data);
    const layer = source.node.inputs.slice(1, 3).map((input) => (input === undefined ? null : constantOf(input)));
    if (!constants.every((data) => data instanceof Float32Array) || layer.includes(undefined)) continue;
    const [scale, bias, mean, variance] = constants as [Float32Array, Float32Array, Float32Array, Float32Array];
    const epsilon = norm.attributes['epsilon'] as number;
    const factor = scale.map((gamma, channel) => gamma / Math.sqrt(variance[channel]! + epsilon));
    const before = layer[1]?.data as Float32Array | undefined;
    const offset = bias.map((beta, channel) => beta + factor[channel]! * ((before?.[channel] ?? 0) - mean[channel]!));
    folds.set(source.node, { norm, factor, offset });
  }
  const gone = new Set([...folds.values()].map(({ norm }) => norm));
  return rewrite(graph, {
    visit: ({ graph: to, node, inputs }) => {
      if (gone.has(node)) return [inputs[0]!];
      const fold = folds.get(node);
      if (fold === undefined) return undefined;
      const changed = [...inputs];
      changed[1] = to.constant(scaledRows(constantOf(node.inputs[1])!, fold.factor));
      changed[2] = to.constant(float32([fold.offset.length], fold.offset));
      const at = B_INPUT[node.op];
      if (at !== undefined) changed[at] = scaledValue(inputs[at]!, fold.factor);
      return to.apply(node.op, changed, node.attributes, node.module);
    },
  });
}

function scaledRows({ shape, data }: Tensor, factor: Float32Array): Tensor<'float32'> {
  const columns = data.length / factor.length;
  return float32(
    shape,
    (data as Float32Array).map((weight, index) => weight * factor[Math.floor(index / columns)]!),
  );
}

function scaledValue(b: Value, factor: Float32Array): Value {
  const column = b.graph.constant(float32([factor.length], factor));
  return mul(
    b,
    reshape(
      column,
      b.shape.map((dim, axis) => (axis === 0 ? dim : 1)),
    ),
  );
}

function countReaders(graph: Graph): Map<Value, number> {
  const counts = new Map<Value, number>();
  const count = (value: Value | undefined): void => {
    if (value !== undefined) counts.set(value, (counts.get(value) ?? 0) + 1);
  };
  for (const node of graph.nodes) node.inputs.forEach(count);
  for (const output of graph.outputs.values()) count(output);
  return counts;
}
