/** One adapted layer, written into the graph: plain LoRA by its own op, dropout and DoRA composed from it. */
import {
  add,
  conv,
  div,
  gemm,
  linear,
  loraConv,
  loraEmbedding,
  loraLinear,
  mul,
  reduceSum,
  reshape,
  sqrt,
  stopGradient,
  sub,
} from '../graph/build.ts';
import type { ConvOptions } from '../graph/build.ts';
import { dropout } from '../graph/dropout.ts';
import type { Node, Value } from '../graph/ir.ts';
import { elements } from '../graph/shape.ts';

/** The trainable inputs of one adapter, in PEFT's shapes. */
export interface AdapterInputs {
  readonly a: Value;
  readonly b: Value;
  readonly magnitude: Value | undefined;
}

export interface PathOptions {
  readonly scale: number;
  readonly dropout: number;
}

/** Stands in for the node of a Linear, a Conv or an embedding's Gather; `inputs` are the node's, in the graph being written. */
export function adapterPath(
  node: Node,
  inputs: readonly (Value | undefined)[],
  adapter: AdapterInputs,
  options: PathOptions,
): Value {
  const [x, weight, bias] = inputs as readonly [Value, Value, Value | undefined];
  const { module } = node;
  switch (node.op) {
    case 'Gather':
      // Operands of an embedding's Gather: the table, then the indices.
      return loraEmbedding(weight, x, adapter.a, adapter.b, { scale: options.scale }, module);
    case 'Linear':
      return adapted(x, bias, adapter, options, {
        name: module!,
        weight,
        plain: (from, offset) => linear(from, weight, offset, module),
        low: (from) => linear(linear(from, adapter.a, undefined), adapter.b, undefined),
        both: (from, offset) =>
          loraLinear(from, weight, offset, adapter.a, adapter.b, { scale: options.scale }, module),
        rows: [],
      });
    case 'Conv': {
      const geometry = node.attributes as unknown as ConvOptions;
      const one: ConvOptions = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], groups: 1 };
      return adapted(x, bias, adapter, options, {
        name: module!,
        weight,
        plain: (from, offset) => conv(from, weight, offset, geometry, module),
        low: (from) => conv(conv(from, adapter.a, undefined, geometry), adapter.b, undefined, one),
        both: (from, offset) =>
          loraConv(from, weight, offset, adapter.a, adapter.b, { scale: options.scale, ...geometry }, module),
        rows: [1, 1],
      });
    }
    default:
      throw new Error(`${node.op} cannot carry an adapter`);
  }
}

interface Layer {
  readonly name: string;
  readonly weight: Value;
  /** W·x + offset. */
  readonly plain: (x: Value, offset: Value | undefined) => Value;
  /** B·A·x, not scaled. */
  readonly low: (x: Value) => Value;
  /** (W + scale·B·A)·x + offset. */
  readonly both: (x: Value, offset: Value | undefined) => Value;
  /** Trailing axes of a per-channel factor: none for features that come last, 1 × 1 for images. */
  readonly rows: readonly number[];
}

function adapted(
  x: Value,
  bias: Value | undefined,
  adapter: AdapterInputs,
  { scale, dropout: p }: PathOptions,
  layer: Layer,
): Value {
  if (adapter.magnitude !== undefined) return dora(x, bias, adapter, adapter.magnitude, { scale, dropout: p }, layer);
  if (p === 0) return layer.both(x, bias);
  // Dropout is before A alone, so the two paths no longer share an input and cannot be merged.
  return add(layer.plain(x, bias), mul(layer.low(dropout(x, p, layer.name)), scale));
}

/**
 * DoRA (Liu et al. 2024): y = m ∘ (W + ΔW)·x / ‖W + ΔW‖ + b with the norm of each row detached (§4.3). Under dropout PEFT drops from the
 * part that DoRA adds to the frozen layer: y = W·x + b + (g − 1) ∘ W·x̃ + g ∘ ΔW·x̃ with g = m / ‖W + ΔW‖.
 */
function dora(
  x: Value,
  bias: Value | undefined,
  { a, b }: AdapterInputs,
  magnitude: Value,
  { scale, dropout: p }: PathOptions,
  layer: Layer,
): Value {
  const rows = b.shape[0]!;
  const factor = reshape(div(reshape(magnitude, [rows]), stopGradient(rowNorms(layer.weight, a, b, scale))), [
    rows,
    ...layer.rows,
  ]);
  if (p === 0) {
    const scaled = mul(layer.both(x, undefined), factor);
    return bias === undefined ? scaled : add(scaled, reshape(bias, [rows, ...layer.rows]));
  }
  const dropped = dropout(x, p, layer.name);
  const added = add(mul(layer.plain(dropped, undefined), sub(factor, 1)), mul(mul(layer.low(dropped), scale), factor));
  return add(layer.plain(x, bias), added);
}

/** ‖W + scale·B·A‖ of each row, (rows). */
function rowNorms(weight: Value, a: Value, b: Value, scale: number): Value {
  const matrix = (value: Value): Value => reshape(value, [value.shape[0]!, elements(value.shape.slice(1))]);
  const merged = gemm(matrix(b), matrix(a), matrix(weight), { alpha: scale });
  return sqrt(reduceSum(mul(merged, merged), { axes: [1] }));
}
