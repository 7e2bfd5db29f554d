/**
 * For ONNX Runtime on a CPU: gradients of convolutions by their weights as convolutions with kernels as large as images (slid-gradient.ts). Its
 * convolution unrolls in the caches; other engines have no fast one for such kernels, and multiply what was unrolled.
 */
import type { Graph } from '../ir.ts';
import { rewrite } from '../rewrite.ts';

export function slideWeightGradients(graph: Graph): Graph {
  return rewrite(graph, {
    visit: ({ graph: to, node: { op, attributes, module }, inputs }) =>
      op === 'ConvWeightGradient' ? to.apply(op, inputs, { ...attributes, slides: true }, module) : undefined,
  });
}
