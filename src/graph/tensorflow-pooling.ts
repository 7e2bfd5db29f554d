/**
 * Poolings in TensorFlow. Its own have no padding that could be told, no last window that reaches beyond and no dilations: what windows reach
 * is padded first.
 */
import type { TensorFlowValue, TensorFlowWriter } from './define.ts';
import { alongImages, imagesIn, imagesOut, layout, padded } from './tensorflow-images.ts';
import type { Axis } from './window.ts';

type Axes = readonly [Axis, Axis];

/** x with all around it that some window reaches, and cut where none does. */
export function reached(w: TensorFlowWriter, x: TensorFlowValue, axes: Axes, value: number): TensorFlowValue {
  const after = axes.map(({ input, output, kernel, stride, dilation, before }) =>
    Math.max(0, (output - 1) * stride + dilation * (kernel - 1) + 1 - before - input),
  );
  return padded(w, x, { before: [0, 0, ...axes.map(({ before }) => before)], after: [0, 0, ...after], value });
}

/** MaxPool or AvgPool of images [N, C, H, W] that hold their padding. */
export function pooled(
  w: TensorFlowWriter,
  type: 'MaxPool' | 'AvgPool',
  x: TensorFlowValue,
  axes: Axes,
): TensorFlowValue {
  const y = w.typed(type, [imagesIn(w, x)], {
    ...layout(w),
    padding: { string: 'VALID' },
    ksize: alongImages(
      w,
      axes.map(({ kernel }) => kernel),
    ),
    strides: alongImages(
      w,
      axes.map(({ stride }) => stride),
    ),
  });
  return imagesOut(w, y);
}

/** For each tap of the kernel, row by row, what it sees of padded images: [N, C, rows of y, columns of y]. */
export function whatTapsSee(w: TensorFlowWriter, x: TensorFlowValue, [rows, columns]: Axes): TensorFlowValue[] {
  return Array.from({ length: rows.kernel * columns.kernel }, (_, tap) => {
    const top = Math.floor(tap / columns.kernel) * rows.dilation;
    const left = (tap % columns.kernel) * columns.dilation;
    const end = (start: number, { output, stride }: Axis): number => start + (output - 1) * stride + 1;
    return w.typed(
      'StridedSlice',
      [
        x,
        w.ints([0, 0, top, left]),
        w.ints([0, 0, end(top, rows), end(left, columns)]),
        w.ints([1, 1, rows.stride, columns.stride]),
      ],
      // The first two axes whole.
      { Index: { type: 'int32' }, begin_mask: { int: 0b11 }, end_mask: { int: 0b11 } },
    );
  });
}
