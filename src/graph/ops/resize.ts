import { matmul, reshape } from '../build.ts';
import type { ResizeOptions } from '../build.ts';
import { defineOp } from '../define.ts';
import { interpolationMatrix } from '../interpolation.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { asRows } from '../rows.ts';
import { axisIndex, elements, known } from '../shape.ts';

/** ONNX's Resize, nearest or linear, one axis after the other. */
export const resize = defineOp<[x: Value], ResizeOptions>({
  name: 'Resize',
  shape: ([x], { axes, sizes }) => {
    const at = axes.map((axis) => axisIndex(axis, x.shape.length));
    return [
      like(
        x,
        x.shape.map((dim, axis) => (at.includes(axis) ? sizes[at.indexOf(axis)]! : dim)),
      ),
    ];
  },
  expand: ({ inputs: [x], attributes: { axes, sizes, scales, ...interpolation } }) => [
    axes.reduce((value, axis, index) => {
      const at = axisIndex(axis, x.shape.length);
      const length = known(x.shape[at], 'a resized axis');
      const size = sizes[index]!;
      const scale = scales?.[index] ?? size / length;
      const matrix = interpolationMatrix(length, size, scale, interpolation);
      return along(value, at, x.graph.constant(matrix));
    }, x),
  ],
  cases: [
    {
      inputs: [[2, 3, 4]],
      attributes: { axes: [1, 2], sizes: [6, 8], mode: 'nearest', coordinates: 'asymmetric', nearest: 'floor' },
      why: 'twice the size, as YOLO does it',
    },
    {
      inputs: [[2, 2, 4, 5]],
      attributes: { axes: [-2, -1], sizes: [3, 7], mode: 'linear', coordinates: 'half_pixel', nearest: 'floor' },
    },
    {
      inputs: [[5]],
      attributes: {
        axes: [0],
        sizes: [7],
        scales: [1.5],
        mode: 'linear',
        coordinates: 'pytorch_half_pixel',
        nearest: 'floor',
      },
      why: 'a scale that does not divide evenly',
    },
    {
      inputs: [[4, 2]],
      attributes: {
        axes: [0],
        sizes: [7],
        mode: 'linear',
        coordinates: 'align_corners',
        nearest: 'floor',
      },
    },
  ],
});

/** The matrix times x along one axis. */
function along(x: Value, axis: number, matrix: Value): Value {
  const [outer, inner] = [x.shape.slice(0, axis), x.shape.slice(axis + 1)];
  const shape = [...outer, matrix.shape[0]!, ...inner];
  // The last axis is one product of all rows; another one is a product for each place outside it.
  if (inner.length === 0) return reshape(matmul(asRows(x), matrix, { transB: true }), shape);
  return reshape(matmul(matrix, reshape(x, [elements(outer), x.shape[axis]!, elements(inner)])), shape);
}
