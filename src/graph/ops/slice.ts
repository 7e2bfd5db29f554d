import { pad } from '../build.ts';
import { defineOp } from '../define.ts';
import type { TensorFlowValue } from '../define.ts';
import { dilate, flip } from '../dilate.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { axisIndex, known, ShapeError } from '../shape.ts';

interface SliceAttributes {
  readonly axis: number;
  readonly start: number;
  readonly end: number;
  readonly step: number;
}

/** x[start:end:step] along one axis of known length; 0 ≤ start < end ≤ length. A negative step walks it from its end. */
export const slice = defineOp<[x: Value], SliceAttributes>({
  name: 'Slice',
  shape: ([x], { axis, start, end, step }) => {
    const at = axisIndex(axis, x.shape.length);
    const length = known(x.shape[at], 'a sliced axis');
    if (start < 0 || end > length || start >= end || step === 0 || !Number.isInteger(step)) {
      throw new ShapeError(`[${start}:${end}:${step}] does not fit an axis of ${length}`);
    }
    const count = Math.ceil((end - start) / Math.abs(step));
    return [
      like(
        x,
        x.shape.map((dim, index) => (index === at ? count : dim)),
      ),
    ];
  },
  vjp: ({ inputs: [x], attributes: { axis, start, end, step } }, [dy]) => [
    () => {
      const at = axisIndex(axis, x.shape.length);
      const length = known(x.shape[at], 'a sliced axis');
      const forward = dilate(step > 0 ? dy! : flip(dy!, at), at, Math.abs(step));
      const size = known(forward.shape[at], 'a sliced axis');
      const before = step > 0 ? start : end - size;
      const around = (amount: number): number[] => x.shape.map((_, index) => (index === at ? amount : 0));
      return pad(forward, around(before), around(length - before - size));
    },
  ],
  onnx: (w, { names: [x], results, attributes: { axis, start, end, step } }) => {
    // A reversed slice runs from end − 1 down to start; ONNX's exclusive end below 0 is written as "far before it".
    const [from, to] = step > 0 ? [start, end] : [end - 1, start - 1 < 0 ? -(2 ** 31) : start - 1];
    w.node('Slice', [x, w.ints([from]), w.ints([to]), w.ints([axis]), w.ints([step])], results);
  },
  tensorflow: (w, { operands: [x], inputs: [{ shape }], attributes: { axis, start, end, step } }) => {
    const at = axisIndex(axis, shape.length);
    const others = shape.reduce<number>((mask, _, index) => (index === at ? mask : mask | (1 << index)), 0);
    const along = (value: number, other: number): TensorFlowValue =>
      w.ints(shape.map((_, index) => (index === at ? value : other)));
    // A reversed slice that ends with the first element has no end that could be written: 0 − 1 would mean the last one.
    const [from, to] = step > 0 ? [start, end] : [end - 1, start - 1];
    const endless = to < 0 ? 1 << at : 0;
    return w.typed('StridedSlice', [x, along(from, 0), along(to, 0), along(step, 1)], {
      Index: { type: 'int32' },
      begin_mask: { int: others },
      end_mask: { int: others | endless },
    });
  },
  flops: () => 0,
  cases: [
    { inputs: [[5]], attributes: { axis: 0, start: 1, end: 4, step: 1 } },
    { inputs: [[2, 5]], attributes: { axis: -1, start: 0, end: 3, step: 1 } },
    { inputs: [[3, 4, 2]], attributes: { axis: 1, start: 1, end: 4, step: -1 }, why: 'reversed' },
    { inputs: [[2, 7]], attributes: { axis: 1, start: 1, end: 6, step: 2 }, why: 'strided' },
    { inputs: [[2, 6]], attributes: { axis: 1, start: 0, end: 6, step: -2 }, why: 'strided and reversed' },
  ],
});
