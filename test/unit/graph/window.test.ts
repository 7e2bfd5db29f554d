import { describe, expect, it } from 'vitest';
import { symbol } from '../../../src/graph/shape.ts';
import { gradientMargins, windowAxes } from '../../../src/graph/window.ts';
import type { WindowOptions } from '../../../src/graph/window.ts';

const options = (given: Partial<WindowOptions>): WindowOptions => ({
  kernel: [3, 3],
  strides: [1, 1],
  pads: [0, 0, 0, 0],
  dilations: [1, 1],
  ...given,
});

const outputs = (size: number, given: Partial<WindowOptions>): number[] =>
  windowAxes([symbol('B'), 3, size, size], options(given)).map(({ output }) => output);

/** By walking: windows that start at multiples of the stride and end within the padding. */
function counted(size: number, kernel: number, stride: number, pad: number, dilation: number): number {
  let count = 0;
  for (let start = -pad; start + dilation * (kernel - 1) < size + pad; start += stride) count++;
  return count;
}

describe('positions of a window', () => {
  const rows = [3, 4, 7, 8].flatMap((size) =>
    [1, 2, 3].flatMap((stride) => [0, 1].flatMap((pad) => [1, 2].map((dilation) => ({ size, stride, pad, dilation })))),
  );
  it.each(rows.filter(({ size, pad, dilation }) => 2 * dilation < size + 2 * pad))(
    '$size pixels, stride $stride, padding $pad, dilation $dilation',
    ({ size, stride, pad, dilation }) => {
      const pads = [pad, pad, pad, pad];
      const expected = counted(size, 3, stride, pad, dilation);
      expect(outputs(size, { strides: [stride, stride], pads, dilations: [dilation, dilation] })).toEqual([
        expected,
        expected,
      ]);
    },
  );

  it('take each axis and each side by itself', () => {
    expect(outputs(6, { kernel: [3, 2], strides: [2, 1], pads: [1, 0, 0, 3] })).toEqual([3, 8]);
  });

  it('beyond the padding count with ceilMode, if they start inside', () => {
    const pairs = { kernel: [2, 2], strides: [2, 2] };
    expect(outputs(5, pairs)).toEqual([2, 2]);
    expect(outputs(5, { ...pairs, ceilMode: true })).toEqual([3, 3]);
    // The third would start in the padding: PyTorch leaves it out, rounding up alone would not.
    expect(outputs(3, { kernel: [1, 1], strides: [3, 3], pads: [1, 1, 1, 1], ceilMode: true })).toEqual([2, 2]);
  });

  it('need a kernel that fits and a size that is known', () => {
    expect(() => outputs(2, {})).toThrow('a kernel of 3 does not fit an image of 2');
    expect(() => windowAxes([1, 3, symbol('H'), 4], options({}))).toThrow('the image size must be known');
  });
});

describe('margins of the gradient', () => {
  it.each([
    [{}, [2, 2, 2, 2]],
    [{ pads: [1, 1, 1, 1] }, [1, 1, 1, 1]],
    [{ pads: [0, 3, 2, 1] }, [2, -1, 0, 1]],
    [{ dilations: [2, 1] }, [4, 2, 4, 2]],
    // Of 8 pixels windows at 0, 3 and so on see the first 6; the last two are added at the end.
    [{ kernel: [3, 3], strides: [3, 3] }, [2, 2, 4, 4]],
  ])('of %j lead from the spread output back to the input', (given, expected) => {
    const axes = windowAxes([1, 1, 8, 8], options(given));
    const margins = gradientMargins(axes);
    expect(margins).toEqual(expected);
    for (const [index, { input, output, kernel, stride, dilation }] of axes.entries()) {
      const spread = (output - 1) * stride + 1;
      expect(spread + margins[index]! + margins[index + 2]! - dilation * (kernel - 1)).toBe(input);
    }
  });
});
