import { mul, reduceSum, sub } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';
import { axisIndex } from '../shape.ts';

/**
 * Softmax over one axis: y = exp(x − max x) / Σ exp(x − max x).
 * Its gradient needs only y: dx = y ∘ (dy − Σ(dy ∘ y)), so x need not be kept.
 */
export const softmax = defineOp<[x: Value], { axis: number }>({
  name: 'Softmax',
  shape: ([x]) => [like(x)],
  vjp: ({ outputs: [y], attributes: { axis } }, [dy]) => [
    () => mul(y!, sub(dy!, reduceSum(mul(dy!, y!), { axes: [axis], keepDims: true }))),
  ],
  onnx: (w, { names, results, attributes: { axis } }) => {
    w.node('Softmax', names, results, { axis: { int: axis } });
  },
  tensorflow: (w, { operands: [x], inputs: [{ shape }], attributes: { axis } }) => {
    const at = axisIndex(axis, shape.length);
    const last = shape.length - 1;
    if (at === last) return w.typed('Softmax', [x]);
    // TensorFlow's Softmax is over the last axis only; exchanging two axes undoes itself.
    const exchanged = [...shape.keys()].map((index) => (index === at ? last : index === last ? at : index));
    return w.transpose(w.typed('Softmax', [w.transpose(x, exchanged)]), exchanged);
  },
  flops: ([x]) => 15 * x!.reduce((size, dim) => size * dim, 1),
  cases: [
    { inputs: [[2, 3]], attributes: { axis: 1 } },
    { inputs: [[2, 3, 4]], attributes: { axis: 0 }, why: 'not the last axis' },
    { inputs: [[2, 3, 4]], attributes: { axis: 1 } },
    { inputs: [[1, 1]], attributes: { axis: -1 }, why: 'one element: dx = 0' },
  ],
});
