import { slice } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { axisIndex, formatShape, known, sameDim, ShapeError } from '../shape.ts';

export const concat = defineOp<readonly Value[], { axis: number }>({
  name: 'Concat',
  shape: (values, { axis }) => {
    const first = values[0]!;
    const at = axisIndex(axis, first.shape.length);
    for (const { shape } of values) {
      const fits =
        shape.length === first.shape.length &&
        shape.every((dim, index) => index === at || sameDim(dim, first.shape[index]!));
      if (!fits)
        throw new ShapeError(`${formatShape(shape)} does not continue ${formatShape(first.shape)} along axis ${at}`);
    }
    const length = values.reduce((sum, { shape }) => sum + known(shape[at], 'a joined axis'), 0);
    return [
      like(
        first,
        first.shape.map((dim, index) => (index === at ? length : dim)),
      ),
    ];
  },
  vjp: ({ inputs, attributes: { axis } }, [dy]) => {
    const at = axisIndex(axis, dy!.shape.length);
    let start = 0;
    return inputs.map(({ shape }) => {
      const from = start;
      start += known(shape[at], 'a joined axis');
      const to = start;
      return () => slice(dy!, at, from, to);
    });
  },
  onnx: (w, { names, results, attributes: { axis } }) => {
    w.node('Concat', names, results, { axis: { int: axis } });
  },
  tensorflow: (w, { operands, attributes: { axis } }) =>
    w.typed('ConcatV2', [...operands, w.scalar(axis, 'int32')], { N: { int: operands.length } }),
  flops: () => 0,
  cases: [
    { inputs: [[2], [3]], attributes: { axis: 0 } },
    {
      inputs: [
        [2, 3],
        [2, 1],
        [2, 2],
      ],
      attributes: { axis: -1 },
    },
    {
      inputs: [
        [1, 2, 2],
        [3, 2, 2],
      ],
      attributes: { axis: 0 },
    },
  ],
});
