import { reduceSum } from '../build.ts';
import type { ConvOptions } from '../build.ts';
import { convInputGradient, convWeightGradient } from '../convolution.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { formatDim, sameDim, ShapeError, timesDim } from '../shape.ts';
import type { Shape } from '../shape.ts';
import {
  alongImages,
  channelAxis,
  equalPieces,
  explicitPads,
  imagesIn,
  imagesOut,
  joined,
  layout,
} from '../tensorflow-images.ts';
import { kernelOf, windowAxes } from '../window.ts';

type Inputs = [x: Value, weight: Value, bias: Value | undefined];

/** Two-dimensional convolution: x [N, in, H, W], weight (out, in / groups, kh, kw), bias (out); pads are top, left, bottom, right. */
export const conv = defineOp<Inputs, ConvOptions>({
  name: 'Conv',
  shape: ([x, weight], options) => [like(x, convShape(x.shape, weight.shape, options))],
  vjp: ({ inputs: [x, weight, bias], attributes }, [dy]) => [
    () => convInputGradient(dy!, weight, x, attributes),
    () => convWeightGradient(x, dy!, weight, attributes),
    bias && (() => reduceSum(dy!, { axes: [0, 2, 3] })),
  ],
  onnx: (w, { names, results, attributes: { strides, pads, dilations, groups } }) => {
    w.node('Conv', names, results, {
      strides: { ints: strides },
      pads: { ints: pads },
      dilations: { ints: dilations },
      group: { int: groups },
    });
  },
  tensorflow: (w, { operands: [x, weight, bias], attributes: { strides, pads, dilations, groups } }) => {
    const attributes = {
      ...layout(w),
      ...explicitPads(w, pads),
      strides: alongImages(w, strides),
      dilations: alongImages(w, dilations),
    };
    // (out, in / groups, kh, kw) → [kh, kw, in / groups, out].
    const kernel = w.transpose(weight, [2, 3, 1, 0]);
    // Groups are convolved in one piece on a GPU alone.
    const pieces = w.channelsFirst ? 1 : groups;
    const kernels = equalPieces(w, kernel, 3, pieces);
    const parts = equalPieces(w, imagesIn(w, x), channelAxis(w), pieces).map((part, index) =>
      w.typed('Conv2D', [part, kernels[index]!], attributes),
    );
    const y = joined(w, parts, channelAxis(w));
    return imagesOut(w, bias === undefined ? y : w.typed('BiasAdd', [y, bias], layout(w)));
  },
  flops: ([, weight], [y]) => 2 * y!.reduce((n, dim) => n * dim, 1) * weight!.slice(1).reduce((n, dim) => n * dim, 1),
  cases: [
    { inputs: [[2, 3, 4, 4], [2, 3, 3, 3], [2]], attributes: options({ pads: [1, 1, 1, 1] }) },
    { inputs: [[2, 2, 3, 5], [4, 2, 1, 1], undefined], attributes: options({}), why: 'pointwise' },
    {
      inputs: [[1, 2, 5, 6], [3, 2, 3, 2], [3]],
      attributes: options({ strides: [2, 1], pads: [0, 1, 1, 2] }),
      why: 'asymmetric',
    },
    {
      inputs: [[2, 4, 5, 5], [4, 1, 3, 3], [4]],
      attributes: options({ groups: 4, pads: [1, 1, 1, 1], strides: [2, 2] }),
      why: 'depthwise',
    },
    {
      inputs: [[2, 4, 4, 4], [6, 2, 2, 2], undefined],
      attributes: options({ groups: 2 }),
      why: 'more outputs than inputs in a group',
    },
    { inputs: [[1, 3, 7, 6], [2, 3, 3, 2], undefined], attributes: options({ dilations: [2, 3], pads: [1, 0, 0, 2] }) },
    {
      inputs: [[1, 1, 3, 3], [1, 1, 1, 1], undefined],
      attributes: options({ pads: [1, 1, 1, 1] }),
      why: 'padding beyond the kernel',
    },
    { inputs: [[2, 3, 8, 8], [2, 3, 4, 4], [2]], attributes: options({ strides: [4, 4] }), why: 'patches' },
    {
      inputs: [[1, 2, 6, 6], [2, 2, 2, 2], undefined],
      attributes: options({ strides: [3, 3] }),
      why: 'rows that no output sees',
    },
    {
      inputs: [[2, 2, 4, 5], frozen(4, 2, 3, 3), [4]],
      attributes: options({ pads: [0, 1, 2, 1] }),
      why: 'dx by the turned weight',
    },
    {
      inputs: [[1, 4, 5, 4], frozen(6, 2, 2, 2), undefined],
      attributes: options({ groups: 2, dilations: [2, 1], pads: [1, 0, 0, 1] }),
      why: 'dx by the turned weight, in groups',
    },
    {
      inputs: [[2, 2, 6, 5], frozen(3, 2, 3, 3), undefined],
      attributes: options({ strides: [2, 2], pads: [1, 1, 1, 1] }),
      why: 'dx by ConvTranspose',
    },
  ],
});

export function convShape(x: Shape, weight: Shape, { strides, pads, dilations, groups }: ConvOptions): Shape {
  const channels = timesDim(weight[1]!, groups);
  if (!sameDim(x[1]!, channels))
    throw new ShapeError(`the weight takes ${formatDim(channels)} channels, the input has ${formatDim(x[1]!)}`);
  const kernel = kernelOf(weight);
  return [x[0]!, weight[0]!, ...windowAxes(x, { kernel, strides, pads, dilations }).map(({ output }) => output)];
}

function options(given: Partial<ConvOptions>): ConvOptions {
  return { strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], groups: 1, ...given };
}

function frozen(...shape: number[]) {
  return { shape, frozen: true } as const;
}
