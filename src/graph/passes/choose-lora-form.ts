/**
 * Chooses, layer by layer, how an adapter is computed: merged into its weight once a step, or on a path beside it. Both give the same
 * numbers; the counts below are floating-point operations of a whole step, forward and backward, that only one of the forms pays.
 */
import type { Node, Value } from '../ir.ts';
import type { Graph } from '../ir.ts';
import { rewrite } from '../rewrite.ts';
import { bind } from '../shape.ts';
import type { Bindings } from '../shape.ts';
import { sizeOf } from '../tensor.ts';

/**
 * A merged convolution weight is no constant, so ONNX Runtime can neither keep it in its blocked layout nor pack it ahead: 1.15× the time
 * of a 3×3 convolution and 1.6× of a pointwise one, forward and for dx (measured, docs/performance.md).
 */
const CONV_PENALTY = { spatial: 0.15, pointwise: 0.6 } as const;

export function chooseLoraForm(graph: Graph, bindings: Bindings): Graph {
  return rewrite(graph, {
    visit: ({ graph: to, node, inputs }) => {
      const prefersMerged = PREFERENCE[node.op];
      if (prefersMerged === undefined) return undefined;
      return to.apply(node.op, inputs, { ...node.attributes, merged: prefersMerged(node, bindings) }, node.module);
    },
  });
}

const PREFERENCE: Readonly<Record<string, (node: Node, bindings: Bindings) => boolean>> = {
  LoraLinear: ({ inputs }, bindings) => {
    const [x, weight, , a] = inputs as readonly [Value, Value, unknown, Value];
    const [rank, features] = bind(a.shape, bindings) as [number, number];
    const out = bind(weight.shape, bindings)[0]!;
    const rows = sizeOf(bind(x.shape, bindings)) / features;
    // Merging forms B·A; the side path applies B forward and A backward to every row.
    return 2 * rank * out * features < 2 * rank * rows * (out + features);
  },
  LoraConv: ({ inputs, outputs }, bindings) => {
    const [, weight, , a] = inputs as readonly [Value, Value, unknown, Value];
    const [out, channels, height, width] = bind(weight.shape, bindings) as [number, number, number, number];
    const rank = bind(a.shape, bindings)[0]!;
    const columns = channels * height * width;
    const y = bind(outputs[0]!.shape, bindings);
    const pixels = y[0]! * y[2]! * y[3]!;
    const penalty = height * width === 1 ? CONV_PENALTY.pointwise : CONV_PENALTY.spatial;
    const merged = 2 * rank * out * columns + penalty * 2 * (2 * out * columns * pixels);
    return merged < 2 * rank * pixels * (out + columns);
  },
};
