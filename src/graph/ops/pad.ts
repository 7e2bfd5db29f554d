import { slice } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { padded } from '../tensorflow-images.ts';
import { known, ShapeError } from '../shape.ts';
import type { Dim } from '../shape.ts';

interface PadAttributes {
  readonly before: readonly number[];
  readonly after: readonly number[];
  readonly value: number;
}

/** Constant padding; an axis of unknown length cannot be padded. */
export const pad = defineOp<[x: Value], PadAttributes>({
  name: 'Pad',
  shape: ([x], { before, after }) => {
    if ([...before, ...after].some((amount) => amount < 0)) throw new ShapeError('padding is negative');
    const padded = (dim: Dim, axis: number): Dim => {
      const amount = before[axis]! + after[axis]!;
      return amount === 0 ? dim : known(dim, 'a padded axis') + amount;
    };
    return [like(x, x.shape.map(padded))];
  },
  vjp: ({ inputs: [x], attributes: { before, after } }, [dy]) => [
    () =>
      x.shape.reduce<Value>((gradient, dim, axis) => {
        if (before[axis] === 0 && after[axis] === 0) return gradient;
        return slice(gradient, axis, before[axis]!, before[axis]! + known(dim, 'a padded axis'));
      }, dy!),
  ],
  onnx: (w, { names: [x], results, attributes: { before, after, value }, inputs: [{ dtype }] }) => {
    const inputs =
      value === 0 ? [x, w.ints([...before, ...after])] : [x, w.ints([...before, ...after]), w.scalar(value, dtype)];
    w.node('Pad', inputs, results, { mode: { string: 'constant' } });
  },
  tensorflow: (w, { operands: [x], attributes: { before, after, value } }) => padded(w, x, { before, after, value }),
  flops: () => 0,
  cases: [
    { inputs: [[3]], attributes: { before: [1], after: [2], value: 0 } },
    { inputs: [[2, 3]], attributes: { before: [0, 1], after: [0, 1], value: 0.5 } },
    { inputs: [[2, 2, 2]], attributes: { before: [1, 0, 0], after: [0, 0, 3], value: 0 } },
  ],
});
