/**
 * A base whose adapter is fed: A, B and what is trained whole are inputs of the graph. With their defaults it is the base alone.
 *
 * B is fed multiplied by alpha / r, since that belongs to an adapter and not to the base. Ranks and the number of classes are
 * symbolic, so adapters of any rank and of other classes fit. Of DoRA, y = g ∘ (W + ΔW)·x + b, the gain g = m / ‖W + ΔW‖ is fed, which is worked out once instead of at every run.
 */
import { add, conv, loraConv, loraEmbedding, matmul, mul, reshape } from '../graph/build.ts';
import type { ConvOptions } from '../graph/build.ts';
import { nameOf } from '../graph/ir.ts';
import type { Graph, Node, Value } from '../graph/ir.ts';
import { foldBatchNormalization } from '../graph/passes/fold-batch-normalization.ts';
import { rewrite } from '../graph/rewrite.ts';
import { symbol, timesDim } from '../graph/shape.ts';
import type { Dim } from '../graph/shape.ts';
import { float32, zeros } from '../graph/tensor.ts';
import type { Tensor } from '../graph/tensor.ts';
import { renamed } from '../lora/adapter.ts';
import type { Adapter, AdapterLayer } from '../lora/adapter.ts';
import { mergedWeight, rowNorms } from '../lora/merge.ts';
import type { Base } from '../models/base.ts';
import { frozenTensors } from '../models/frozen.ts';

const CLASSES = 'classes';
const names = (module: string) => ({
  a: `${module}.lora_A`,
  b: `${module}.lora_B`,
  gain: `${module}.lora_gain`,
});

/** The tensors of an adapter by the inputs they are fed to. */
export function adapterValues(base: Base, adapter: Adapter): Map<string, Tensor> {
  const { layers, saved, config } = renamed(adapter, (path) => base.aliases.get(path));
  const frozen = frozenTensors(base.graph);
  const values = new Map<string, Tensor>();
  for (const [module, layer] of layers) {
    const { A, B, magnitude, scale } = layer;
    const name = names(module);
    values.set(name.a, A);
    values.set(
      name.b,
      float32(
        B.shape,
        B.data.map((value) => value * scale),
      ),
    );
    if (magnitude === undefined) continue;
    const { magnitude: _, ...plain } = layer;
    const options = { fanInFanOut: config.fanInFanOut };
    const norms = rowNorms(mergedWeight(frozen.get(`${module}.weight`)!, plain, module, options), layer.kind, options);
    // A row of zeros has no direction and stays zero, as in `mergedWeight`.
    const gain = magnitude.data.map((value, row) => (norms.data[row] === 0 ? 0 : value / norms.data[row]!));
    values.set(name.gain, float32([gain.length], gain));
  }
  for (const [name, tensor] of saved) values.set(name, tensor);
  return values;
}

export interface LoraInputs {
  readonly graph: Graph;
  /** What the inputs beside the images are without an adapter. */
  readonly defaults: ReadonlyMap<string, Tensor>;
}

/** The base with inputs for every layer and every whole tensor of `adapter`. */
export function withLoraInputs(base: Base, adapter: Adapter): LoraInputs {
  const { layers, saved } = renamed(adapter, (path) => base.aliases.get(path));
  const defaults = new Map<string, Tensor>();
  const input = (to: Graph, name: string, dims: readonly Dim[], byDefault: Tensor): Value => {
    defaults.set(name, byDefault);
    return to.inputs.find((existing) => nameOf(existing) === name) ?? to.input(name, dims);
  };
  const graph = rewrite(base.graph, {
    replace: (leaf, to) => {
      const name = leaf.source.kind === 'constant' ? nameOf(leaf) : undefined;
      if (leaf.source.kind !== 'constant' || name === undefined || !saved.has(name)) return undefined;
      const { tensor } = leaf.source;
      const isHead = base.heads.some((head) => name.startsWith(`${head}.`));
      return input(to, name, isHead ? [symbol(CLASSES), ...tensor.shape.slice(1)] : tensor.shape, tensor);
    },
    visit: ({ graph: to, node, inputs }) => {
      const layer = node.module === undefined ? undefined : layers.get(node.module);
      if (layer === undefined) return undefined;
      return [adaptedNode(node, inputs, layer, (name, dims, byDefault) => input(to, name, dims, byDefault))];
    },
  });
  return { graph: withAnyRank(foldBatchNormalization(graph)), defaults };
}

type MakeInput = (name: string, dims: readonly Dim[], byDefault: Tensor) => Value;

function adaptedNode(
  node: Node,
  inputs: readonly (Value | undefined)[],
  { kind, A, B, magnitude }: AdapterLayer,
  input: MakeInput,
): Value {
  const { op, module } = node;
  const name = names(module!);
  // Convolutions get theirs from `withAnyRank`.
  const rank = kind === 'conv2d' ? 1 : symbol(`${module!}.rank`);
  const [outer, inner] = [A.shape.slice(1), B.shape.slice(2)];
  const a = input(name.a, [rank, ...outer], zeros('float32', [1, ...outer]));
  const b = input(name.b, [B.shape[0]!, rank, ...inner], zeros('float32', [B.shape[0]!, 1, ...inner]));
  const bias = inputs[2];
  const offset = magnitude === undefined ? bias : undefined;
  const product = beside(node, inputs, offset, a, b);
  if (magnitude === undefined) return product;
  const rows = B.shape[0]!;
  const channel = op === 'Conv' ? [rows, 1, 1] : [rows];
  const ones = float32([rows], new Float32Array(rows).fill(1));
  const scaled = mul(product, reshape(input(name.gain, [rows], ones), channel));
  return bias === undefined ? scaled : add(scaled, reshape(bias, channel));
}

/** The layer with its adapter on a path of its own, so that the frozen weight stays a constant. */
function beside(
  { op, module, attributes }: Node,
  inputs: readonly (Value | undefined)[],
  bias: Value | undefined,
  a: Value,
  b: Value,
): Value {
  const [x, weight] = inputs as readonly [Value, Value];
  switch (op) {
    case 'Gather':
      // Operands of an embedding's Gather: the table, then the indices.
      return loraEmbedding(weight, x, a, b, { scale: 1 }, module);
    case 'Conv':
      return loraConv(x, weight, bias, a, b, { ...(attributes as unknown as ConvOptions), scale: 1 }, module);
    default:
      return x.graph.apply('LoraLinear', [x, weight, bias, a, b, undefined], { scale: 1, merged: false }, module)[0]!;
  }
}

/**
 * Folding BatchNorm into an adapted convolution needs it as one op, whose rank is a number. Afterwards it is written with ops that take any
 * rank: conv(x, W) + b + B·conv(x, A), a product for each image.
 */
function withAnyRank(graph: Graph): Graph {
  return rewrite(graph, {
    replace: (leaf, to) => {
      const name = nameOf(leaf) ?? '';
      const [, module, part] = /^(.*)\.lora_([AB])$/.exec(name) ?? [];
      const [rows, columns, ...kernel] = leaf.shape;
      if (leaf.source.kind !== 'input' || module === undefined || kernel.length === 0) return undefined;
      const rank = symbol(`${module}.rank`);
      return to.input(name, part === 'A' ? [rank, columns!, ...kernel] : [rows!, rank, ...kernel]);
    },
    visit: ({ node, inputs }) => {
      if (node.op !== 'LoraConv') return undefined;
      const [x, weight, bias, a, b] = inputs as readonly [Value, Value, Value | undefined, Value, Value];
      const options = node.attributes as unknown as ConvOptions;
      const z = conv(x, a, undefined, options);
      const [batch, rank, height, width] = z.shape as readonly [Dim, Dim, Dim, Dim];
      const product = matmul(reshape(b, b.shape.slice(0, 2)), reshape(z, [batch, rank, timesDim(height, width)]));
      const y = conv(x, weight, bias, options);
      return [add(y, reshape(product, y.shape)), z];
    },
  });
}
