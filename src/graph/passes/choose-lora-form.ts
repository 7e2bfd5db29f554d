/**
 * Chooses, layer by layer, how an adapter is computed: merged into its weight once a step, or on a path beside it. Both give the same
 * numbers; compared is what only one of the forms pays in a training step, counted as floating-point operations of a matrix product.
 */
import type { Attributes, Graph, Node, Value } from '../ir.ts';
import { rewrite } from '../rewrite.ts';
import { bind } from '../shape.ts';
import type { Bindings } from '../shape.ts';
import { sizeOf } from '../tensor.ts';

/**
 * The share by which a convolution takes longer whose weight is merged: being no constant, it is neither packed ahead nor kept in ONNX
 * Runtime's blocked layout. 14 to 21 % for 3 × 3 kernels of 64 to 512 channels, nothing for 1 × 1 (docs/performance.md).
 */
const MERGED_CONV_PENALTY = 0.15;
/** Without the blocked layout every tap's pixels are gathered one by one where there is a stride: so many operations' time for each. */
const GATHER_FLOPS = 90;
/** Fewer channels, as a stem's, are read as they lie in either form. */
const BLOCK_CHANNELS = 8;
/** Reading an element and writing its sum, of a weight with B·A or of a layer's result with the side path's: so many operations' time. */
const ADD_FLOPS = 50;

/** Writing an element of what a convolution unrolls, in the caches: so many operations' time. */
const COPY_FLOPS = 50;
/** What a product with no more rows than an adapter's rank takes longer, for each element it reads: so many operations' time. */
const THIN_FLOPS = 40;

/** `slides`: convolutions' weight gradients are convolutions (slide-weight-gradients.ts), which the third form of a LoraConv counts on. */
export function chooseLoraForm(graph: Graph, bindings: Bindings, slides = false): Graph {
  return rewrite(graph, {
    visit: ({ graph: to, node, inputs }) => {
      const chosen = PREFERENCE[node.op]?.(node, bindings, slides);
      return chosen && to.apply(node.op, inputs, { ...node.attributes, ...chosen }, node.module);
    },
  });
}

const PREFERENCE: Readonly<Record<string, (node: Node, bindings: Bindings, slides: boolean) => Attributes>> = {
  LoraLinear: ({ inputs }, bindings) => {
    const [x, weight, , a] = inputs as readonly [Value, Value, unknown, Value];
    const [rank, features] = bind(a.shape, bindings) as [number, number];
    const out = bind(weight.shape, bindings)[0]!;
    const rows = sizeOf(bind(x.shape, bindings)) / features;
    // Merging forms B·A; the side path applies B forward and A backward to every row.
    return { merged: 2 * rank * out * features < 2 * rank * rows * (out + features) };
  },
  LoraConv: ({ inputs, outputs, attributes }, bindings, slides) => {
    const [x, weight, , a] = inputs as readonly [Value, Value, unknown, Value];
    const [out, channels, ...kernel] = bind(weight.shape, bindings) as [number, number, number, number];
    const rank = bind(a.shape, bindings)[0]!;
    const { strides } = attributes as { readonly strides: readonly number[] };
    const taps = sizeOf(kernel);
    const pixelsOf = ({ shape }: Value): number => sizeOf(bind(shape, bindings).toSpliced(1, 1));
    const weights = out * channels * taps;
    const isStrided = strides.some((stride) => stride > 1);
    const slower = taps === 1 ? 0 : 2 * MERGED_CONV_PENALTY * weights;
    const gathered = isStrided && taps > 1 && channels >= BLOCK_CHANNELS ? GATHER_FLOPS * channels * taps : slower;
    // Forward the one forms W′, the other applies B to every pixel and adds.
    const forward = weights * (2 * rank + ADD_FLOPS) + gathered * pixelsOf(outputs[0]!);
    // Backward the one turns W′, axis by axis, the other applies A to every pixel and adds.
    const turns = taps === 1 ? 1 : 3;
    const backward = weights * (2 * rank + (1 + turns) * ADD_FLOPS) + slower * pixelsOf(outputs[0]!);
    const merged = forward < out * pixelsOf(outputs[0]!) * (2 * rank + ADD_FLOPS);
    // With a stride nothing is turned, and no constant is faster.
    const mergedGradient = isStrided || backward < channels * pixelsOf(x) * (2 * rank * taps + ADD_FLOPS);
    const gradients = gradientCosts({ out, channels, taps, rank, isStrided });
    const fromWhole = gradients.whole * pixelsOf(outputs[0]!) + 4 * rank * weights;
    return {
      merged,
      // A path reads z, and dx by way of A reads dz.
      wholeGradient: slides && merged && mergedGradient && fromWhole < gradients.lowRank * pixelsOf(outputs[0]!),
      mergedGradient,
    };
  },
};

interface Layer {
  readonly out: number;
  readonly channels: number;
  readonly taps: number;
  readonly rank: number;
  readonly isStrided: boolean;
}

/** For each pixel of the result: dA and dB by way of z and dz, and dW′. */
function gradientCosts({ out, channels, taps, rank, isStrided }: Layer): { lowRank: number; whole: number } {
  // What slides over the other side is copied once a tap: with a stride x, else the narrower one.
  const slid = (results: number): number => {
    const copied = taps === 1 ? 0 : COPY_FLOPS * taps * (isStrided ? channels : Math.min(channels, results));
    return 2 * channels * results * taps + copied;
  };
  const unrolled = isStrided ? GATHER_FLOPS * channels : COPY_FLOPS * rank;
  const z = 2 * channels * rank * taps + (taps === 1 ? THIN_FLOPS * channels : taps * unrolled);
  // dz and dB: r rows or columns fill no registers, and what is read of dy is rearranged for them.
  const thin = out * (4 * rank + 1.5 * THIN_FLOPS);
  return { lowRank: z + thin + slid(rank), whole: slid(out) };
}
