import { conv } from '../build.ts';
import type { ConvOptions, ConvTransposeOptions } from '../build.ts';
import { convWeightGradient } from '../convolution.ts';
import { defineOp } from '../define.ts';
import type { TensorFlowValue, TensorFlowWriter } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { formatDim, known, sameDim, ShapeError } from '../shape.ts';
import type { Dim } from '../shape.ts';
import {
  alongImages,
  channelAxis,
  equalPieces,
  explicitPads,
  imagesIn,
  imagesOut,
  joined,
  layout,
  padded,
  shapeOfImages,
} from '../tensorflow-images.ts';

/**
 * The transpose of the linear map that Conv with the same weight and options is: x [N, out, H, W], weight (out, in / groups, kh, kw) →
 * [N, in, H′, W′]. It is dx of a convolution with a stride, and its own gradients are a convolution's.
 */
export const convTranspose = defineOp<[x: Value, weight: Value], ConvTransposeOptions>({
  name: 'ConvTranspose',
  shape: ([x, weight], { strides, pads, dilations, groups, outputPadding }) => {
    if (!sameDim(x.shape[1]!, weight.shape[0]!)) {
      throw new ShapeError(
        `the weight takes ${formatDim(weight.shape[0]!)} channels, the input has ${formatDim(x.shape[1]!)}`,
      );
    }
    const size = (axis: 0 | 1): number => {
      const reach = dilations[axis]! * (known(weight.shape[axis + 2], 'the kernel size') - 1) + 1;
      const spread = (known(x.shape[axis + 2], 'the image size') - 1) * strides[axis]! + reach;
      return spread - pads[axis]! - pads[axis + 2]! + outputPadding[axis]!;
    };
    return [like(x, [x.shape[0]!, known(weight.shape[1], 'the weight') * groups, size(0), size(1)])];
  },
  vjp: ({ inputs: [x, weight], attributes }, [dy]) => {
    const { outputPadding: _, ...options } = attributes;
    return [() => conv(dy!, weight, undefined, options), () => convWeightGradient(dy!, x, weight, options)];
  },
  onnx: (w, { names, results, attributes: { strides, pads, dilations, groups, outputPadding } }) => {
    w.node('ConvTranspose', names, results, {
      strides: { ints: strides },
      pads: { ints: pads },
      dilations: { ints: dilations },
      group: { int: groups },
      output_padding: { ints: outputPadding },
    });
  },
  tensorflow: (w, { operands: [x, weight], inputs: [, kernelValue], outputs: [y], attributes }) => {
    const { strides, pads, dilations, groups } = attributes;
    // (out, in / groups, kh, kw) → [kh, kw, in / groups, out], of Conv's point of view.
    const kernel = w.transpose(weight, [2, 3, 1, 0]);
    // On a CPU TensorFlow has the gradient of Conv2D without groups and without dilations alone.
    const pieces = w.channelsFirst ? 1 : groups;
    const wide = w.channelsFirst ? kernel : spread(w, kernel, kernelValue.shape as readonly number[], dilations);
    const kernels = equalPieces(w, wide, 3, pieces);
    const [batch, channels, ...size] = y!.shape as [Dim, number, number, number];
    const sizes = shapeOfImages(w, [batch, channels / pieces, ...size]);
    const parts = equalPieces(w, imagesIn(w, x), channelAxis(w), pieces).map((part, index) =>
      w.node(
        'Conv2DBackpropInput',
        [sizes, kernels[index]!, part],
        {
          T: { type: x.dtype },
          ...layout(w),
          ...explicitPads(w, pads),
          strides: alongImages(w, strides),
          dilations: alongImages(w, w.channelsFirst ? dilations : [1, 1]),
        },
        x.dtype,
      ),
    );
    return imagesOut(w, joined(w, parts, channelAxis(w)));
  },
  flops: ([x, weight]) => 2 * x!.reduce((n, dim) => n * dim, 1) * weight!.slice(1).reduce((n, dim) => n * dim, 1),
  cases: [
    {
      inputs: [
        [2, 3, 3, 3],
        [3, 2, 3, 3],
      ],
      attributes: options({ pads: [1, 1, 1, 1] }),
    },
    {
      inputs: [
        [2, 3, 3, 2],
        [3, 2, 3, 3],
      ],
      attributes: options({ strides: [2, 2], pads: [1, 0, 0, 1], outputPadding: [1, 0] }),
      why: 'strided, asymmetric',
    },
    {
      inputs: [
        [2, 4, 3, 3],
        [4, 1, 3, 3],
      ],
      attributes: options({ groups: 4, strides: [2, 1], pads: [1, 1, 1, 1] }),
      why: 'depthwise',
    },
    {
      inputs: [
        [1, 4, 2, 3],
        [4, 3, 2, 2],
      ],
      attributes: options({ groups: 2, dilations: [2, 1] }),
    },
  ],
});

function options(given: Partial<ConvTransposeOptions>): ConvTransposeOptions {
  const plain: ConvOptions = { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], groups: 1 };
  return { ...plain, outputPadding: [0, 0], ...given };
}

/** A kernel [kh, kw, in, out] with zeros between its taps: what it is with dilations, without them. */
function spread(
  w: TensorFlowWriter,
  kernel: TensorFlowValue,
  [out, inputs, kh, kw]: readonly number[],
  [rows, columns]: readonly number[],
): TensorFlowValue {
  if (rows === 1 && columns === 1) return kernel;
  const apart = w.reshape(kernel, [kh!, 1, kw!, 1, inputs!, out!]);
  const none = [0, 0, 0, 0, 0, 0];
  const filled = padded(w, apart, { before: none, after: [0, rows! - 1, 0, columns! - 1, 0, 0], value: 0 });
  const size = [kh! * rows!, kw! * columns!, inputs!, out!];
  const ends = [size[0]! - rows! + 1, size[1]! - columns! + 1, inputs!, out!];
  // The zeros after the last tap are none of the kernel.
  return w.typed('Slice', [w.reshape(filled, size), w.ints([0, 0, 0, 0]), w.ints(ends)], { Index: { type: 'int32' } });
}
