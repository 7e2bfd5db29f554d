import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { slidWeightGradient } from '../slid-gradient.ts';
import { unrolledWeightGradient, weightShape } from '../weight-gradient.ts';
import type { WeightGradientOptions } from '../weight-gradient.ts';

interface Attributes extends WeightGradientOptions {
  /** Which form: a convolution, where there is one, or a matrix product of unrolled values. See passes/slide-weight-gradients.ts. */
  readonly slides: boolean;
}

/** dW (out, in / groups, kh, kw) of y = conv(x, W): x [N, in, H, W], dy [N, out, H′, W′]. */
export const convWeightGradient = defineOp<[x: Value, dy: Value], Attributes>({
  name: 'ConvWeightGradient',
  shape: ([x, dy], options) => [like(x, weightShape(x, dy, options))],
  expand: ({ inputs: [x, dy], attributes: { slides, ...options } }) => {
    const slid = slides ? slidWeightGradient(x, dy, options) : undefined;
    return [slid ?? unrolledWeightGradient(x, dy, options)];
  },
  cases: [
    {
      inputs: [
        [2, 3, 4, 5],
        [2, 2, 4, 5],
      ],
      attributes: options({ pads: [1, 1, 1, 1] }),
      why: 'dy slides',
    },
    {
      inputs: [
        [2, 2, 4, 5],
        [2, 3, 4, 5],
      ],
      attributes: options({ pads: [1, 1, 1, 1] }),
      why: 'x slides',
    },
    {
      inputs: [
        [2, 3, 6, 5],
        [2, 2, 3, 3],
      ],
      attributes: options({ strides: [2, 2], pads: [1, 1, 1, 1] }),
      why: 'a stride, a row that no window sees',
    },
    {
      inputs: [
        [1, 2, 7, 6],
        [1, 3, 2, 2],
      ],
      attributes: options({ kernel: [2, 3], strides: [3, 2], pads: [0, 0, 0, 0] }),
      why: 'rows and columns that no window sees',
    },
    {
      inputs: [
        [1, 3, 3, 3],
        [1, 2, 4, 2],
      ],
      attributes: options({ kernel: [2, 2], pads: [2, 0, 0, 0] }),
      why: 'windows that see nothing but padding',
    },
    {
      inputs: [
        [2, 3, 5, 4],
        [2, 2, 3, 4],
      ],
      attributes: options({ pads: [1, 1, 1, 1], dilations: [2, 1] }),
      why: 'unrolled for its dilation',
    },
    {
      inputs: [
        [2, 4, 3, 3],
        [2, 2, 3, 3],
      ],
      attributes: options({ pads: [1, 1, 1, 1], groups: 2 }),
      why: 'unrolled for its groups',
    },
    {
      inputs: [
        [2, 4, 3, 3],
        [2, 2, 3, 3],
      ],
      attributes: options({ kernel: [1, 1] }),
      why: 'nothing to unroll',
    },
    {
      inputs: [
        [2, 3, 4, 5],
        [2, 2, 2, 3],
      ],
      attributes: options({ slides: false, strides: [2, 2], pads: [1, 1, 1, 1] }),
      why: 'unrolled',
    },
  ],
});

function options(given: Partial<Attributes>): Attributes {
  return { kernel: [3, 3], strides: [1, 1], pads: [0, 0, 0, 0], dilations: [1, 1], groups: 1, slides: true, ...given };
}
