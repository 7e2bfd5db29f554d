/**
 * Chooses, layer by layer, how an adapter is computed: merged into its weight once a step, or on a path beside it. Both give the same
 * numbers; compared is what only one of the forms pays in a training step, counted as floating-point operations of a matrix product.
 */
import type { Graph, Node, Value } from '../ir.ts';
import { rewrite } from '../rewrite.ts';
import { bind } from '../shape.ts';
import type { Bindings } from '../shape.ts';
import { sizeOf } from '../tensor.ts';

/**
 * The share by which a convolution takes longer whose weight is merged: being no constant, it is neither packed ahead nor kept in ONNX
 * Runtime's blocked layout. 14 to 21 % for 3 × 3 kernels of 64 to 512 channels (docs/performance.md).
 */
const MERGED_CONV_PENALTY = 0.15;
/** Without the blocked layout every tap's pixels are gathered one by one where there is a stride: so many operations' time for each. */
const GATHER_FLOPS = 90;
/** Fewer channels, as a stem's, are read as they lie in either form. */
const BLOCK_CHANNELS = 8;
/** Reading an element and writing its sum, of a weight with B·A or of a layer's result with the side path's: so many operations' time. */
const ADD_FLOPS = 50;

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
  LoraConv: ({ inputs, outputs, attributes }, bindings) => {
    const [, weight, , a] = inputs as readonly [Value, Value, unknown, Value];
    const [out, ...column] = bind(weight.shape, bindings) as [number, number, number, number];
    const rank = bind(a.shape, bindings)[0]!;
    const weights = out * sizeOf(column);
    const [images, , height, width] = bind(outputs[0]!.shape, bindings) as [number, number, number, number];
    const pixels = images * height * width;
    // The gradients are the same. Forward the one forms W′, the other applies B to every pixel and adds.
    const { strides } = attributes as { readonly strides: readonly number[] };
    const isGathered =
      strides.some((stride) => stride > 1) && sizeOf(column.slice(1)) > 1 && column[0] >= BLOCK_CHANNELS;
    const slower = (isGathered ? GATHER_FLOPS : 2 * MERGED_CONV_PENALTY * out) * sizeOf(column) * pixels;
    const merging = weights * (2 * rank + ADD_FLOPS) + slower;
    return merging < out * pixels * (2 * rank + ADD_FLOPS);
  },
};
