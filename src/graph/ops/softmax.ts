import { mul, reduceSum, sub } from '../build.ts';
import { defineOp } from '../define.ts';
import { like } from '../ir.ts';
import type { Value } from '../ir.ts';

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
  flops: ([x]) => 15 * x!.reduce((size, dim) => size * dim, 1),
  cases: [
    { inputs: [[2, 3]], attributes: { axis: 1 } },
    { inputs: [[2, 3, 4]], attributes: { axis: 1 } },
    { inputs: [[1, 1]], attributes: { axis: -1 }, why: 'one element: dx = 0' },
  ],
});
